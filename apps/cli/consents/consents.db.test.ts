import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runElsewhere, withClient } from '#testing';
import { createTenant, startTestSystem, type Client, type TestSystem } from '../../../test/e2e/system.js';
import { openWay, type Way } from '../../../test/e2e/way.js';
import type { Output } from '../output.js';
import { plain } from '../paint.js';
import { BulkApi } from './bulk-api.js';
import { runExport, type ExportOptions } from './export-consents.js';
import { runImport, type ImportOptions } from './import-consents.js';

const policy = `
purposes:
  ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } }
  ranking: { title: Ranking, legalBasis: consent }
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`;
const main = join(import.meta.dirname, '..', 'main.ts');
const never = new Promise<void>(() => undefined);

describe('consents at the terminal', () => {
  let system: TestSystem;
  let admin: Client & { readonly id: string };
  let url: string;
  let key: string;
  let way: Way;
  let folder: string;
  let printed: Record<string, unknown>[];

  const tenant = async (slug: string) => {
    const made = await createTenant(system, slug);
    await made.applyPolicy(policy);
    const role = { role: 'administrator', name: 'terminal' };
    return { made, key: String((await made.post('/v1/keys', role).expect(201)).body.key) };
  };
  beforeAll(async () => {
    system = await startTestSystem();
    await system.api.listen(0, '127.0.0.1');
    url = await system.api.getUrl();
    way = await openWay(url);
    ({ made: admin, key } = await tenant('terminal'));
    folder = mkdtempSync(join(tmpdir(), 'lethe bulk '));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    way.close();
    await system.stop();
  });
  beforeEach(() => {
    printed = [];
    way.cutAfter = Number.POSITIVE_INFINITY;
  });

  const at = (name: string) => join(folder, name);
  const row = (value: string, more: object = {}) =>
    `${JSON.stringify({ subject: { type: 'account_id', value }, purpose: 'ads', action: 'grant', ...more })}\n`;
  const rows = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => row(`${name}-${index}`)).join('');
  const events = () =>
    withClient(system.database.ownerUrl, async (client) => {
      const { rows: found } = await client.query<{ n: number }>(
        'select count(*)::int as n from consent_events where tenant_id = $1',
        [admin.id],
      );
      return found[0]!.n;
    });
  const asJson: Output = {
    say: () => undefined,
    paint: plain,
    json: (value) => printed.push(value as Record<string, unknown>),
    progress: () => undefined,
    ask: undefined,
  };
  const bring = async (options: ImportOptions, through = url) =>
    runImport(await BulkApi.open({ url: through, key }), options, asJson, never);
  const take = async (options: ExportOptions, through = url, who = key) =>
    runExport(await BulkApi.open({ url: through, key: who }), options, asJson, never);

  /** The command as somebody runs it. */
  const start = (args: readonly string[], api = url, execArgv: readonly string[] = []) => {
    const options = { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] as ('pipe' | 'ipc')[] };
    const env = { ...process.env, LETHE_URL: api, LETHE_KEY: key };
    const child = runElsewhere(main, ['consents', ...args], { ...options, env }, execArgv);
    const ended = Promise.all([once(child, 'exit'), text(child.stdout!), text(child.stderr!)]).then(
      ([[code], stdout, stderr]) => ({ code: code as number | null, stdout, stderr }),
    );
    return { child, ended };
  };

  it('imports a file, and ends with 2 when it says which rows were rejected and why', async () => {
    const head = 'subject_type,subject_value,purpose,action\n';
    const good = Array.from({ length: 1_200 }, (_, index) => `account_id,csv-${index},ads,grant\n`).join('');
    writeFileSync(at('some.csv'), `${head}account_id,csv-a,resale,grant\n${good}account_id,csv-b,ads\n`);
    const { code, stdout, stderr } = await start(['import', at('some.csv')]).ended;
    expect({ code, stdout }).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('│ recorded │ 1,200 │'),
    });
    expect(stdout).toContain('│ purpose.unknown │    1 │          2 │');
    expect(stdout).toContain(`Each rejected row, with its line: ${at('some.csv')}.rejects.ndjson`);
    expect(stderr).toMatch(/^importing .*some\.csv: .* of 3\d\.\d kB {2}[\d,]+ recorded {2}\d rejected$/m);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout + stderr).not.toContain(key);
    const rejects = readFileSync(`${at('some.csv')}.rejects.ndjson`, 'utf8')
      .trim()
      .split('\n');
    expect(rejects.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { line: 2, code: 'purpose.unknown' },
      { line: 1_203, code: 'row.invalid' },
    ]);
  });

  it('imports standard input, and ends with 0 when every row is recorded', async () => {
    const { child, ended } = start(['import', '-', '--format', 'ndjson', '--rejects', at('stdin.rejects')]);
    child.stdin!.end(rows('stdin', 700));
    const { code, stdout } = await ended;
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('│ recorded │ 700 │'),
    });
    expect(readFileSync(at('stdin.rejects'), 'utf8')).toBe('');
  });

  it('records nothing twice, and rows that were mended where they stand once', async () => {
    const before = await events();
    const file = at('again.ndjson');
    writeFileSync(file, rows('again', 600) + row('late', { purpose: 'resale' }));
    expect(await bring({ file })).toBe(2);
    expect(await bring({ file })).toBe(2);
    expect(await events()).toBe(before + 600);
    expect(printed[1]).toMatchObject({ file, done: true, read: 601, recorded: 600, rejected: 1 });
    expect(printed[1]!['rejects']).toBe(`${file}.rejects.ndjson`);
    writeFileSync(file, rows('again', 600) + row('late'));
    expect(await bring({ file, idempotencyKey: String(printed[0]!['idempotencyKey']) })).toBe(0);
    expect(await events()).toBe(before + 601);
    expect(existsSync(`${file}.rejects.ndjson`)).toBe(false);
  });

  it('says how far it came when the connection is lost, and goes on when it is run again', async () => {
    const before = await events();
    const file = at('cut.ndjson');
    writeFileSync(file, row('bad', { purpose: 'resale' }) + rows('cut', 4_000));
    way.cutAfter = 700;
    await expect(bring({ file }, way.url)).rejects.toThrow(
      /the connection to .* was lost\.[^]*run the same command again, within 7 days/,
    );
    const [first] = printed;
    expect(first).toMatchObject({ done: false, rejects: `${file}.rejects.ndjson` });
    const sure = Number(first!['recorded']);
    expect(sure).toBeGreaterThan(0);
    expect(sure).toBeLessThan(4_000);
    expect(await events()).toBeGreaterThanOrEqual(before + sure);
    expect(await bring({ file })).toBe(2);
    expect(printed[1]).toMatchObject({ done: true, recorded: 4_000, rejected: 1 });
    expect(await events()).toBe(before + 4_000);
  });

  it('says how far it came when it is interrupted, and under which key to go on', async () => {
    const before = await events();
    const { child, ended } = start(['import', '-', '--format', 'ndjson', '--rejects', at('interrupted')]);
    child.stdin!.write(rows('interrupted', 1_000));
    await expect.poll(events).toBe(before + 1_000);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it was interrupted'),
    });
    expect(stdout).toMatch(/So far of standard input\n[^]*│ recorded │ 1,000 │/);
    const [, idempotencyKey] = /send the same input again with --idempotency-key (\S+),/.exec(stderr) ?? [];
    writeFileSync(at('interrupted.ndjson'), rows('interrupted', 1_500));
    expect(await bring({ file: at('interrupted.ndjson'), idempotencyKey: idempotencyKey! })).toBe(0);
    expect(await events()).toBe(before + 1_500);
  });

  it('holds no file in memory, however large', async () => {
    let received = 0;
    const api = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => response.end('{"done":true,"read":0,"recorded":0,"rejected":0}\n'));
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    writeFileSync(at('huge.ndjson'), '');
    truncateSync(at('huge.ndjson'), 500_000_000);
    const memory = `process.on('exit', () => console.log('memory', process.resourceUsage().maxRSS))`;
    const there = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const hooks = ['--import', `data:text/javascript,${encodeURIComponent(memory)}`];
    const { code, stdout, stderr } = await start(['import', at('huge.ndjson')], there, hooks).ended;
    api.close();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(received).toBe(500_000_000);
    expect(Number(/memory (\d+)/.exec(stdout)?.[1])).toBeLessThan(400_000);
  }, 120_000);

  it('refuses before it sends, in words, and without the key', async () => {
    writeFileSync(at('kept.ndjson'), rows('kept', 1));
    writeFileSync(at('kept.ndjson.rejects.ndjson'), 'of before');
    const file = at('kept.ndjson');
    const stranger = await BulkApi.open({ url, key: 'lethe_000000000000_secret' });
    const refused = await runImport(stranger, { file }, asJson, never).catch((error: unknown) =>
      String(error),
    );
    expect(refused).toContain('the key is not known');
    expect(refused).not.toContain('secret');
    await expect(bring({ file }, 'http://127.0.0.1:1')).rejects.toThrow('is Lethe running there');
    await expect(bring({ file, idempotencyKey: 'ü' })).rejects.toThrow('visible ASCII');
    await expect(bring({ file: at('none.csv') })).rejects.toThrow('cannot be read');
    await expect(take({ file: '-' })).rejects.toThrow('--json needs a file');
    await expect(take({ file: at('export.txt') })).rejects.toThrow('give --format');
    expect(readFileSync(at('kept.ndjson.rejects.ndjson'), 'utf8')).toBe('of before');
    expect(printed).toEqual([]);
    const { body } = await admin.post('/v1/keys', { role: 'service', name: 'no export' }).expect(201);
    await expect(take({ file: at('x.csv') }, url, String(body.key))).rejects.toThrow('access.denied');
    expect(readdirSync(folder).filter((name) => name.startsWith('x.csv'))).toEqual([]);
  });

  it('stops at a row that cannot be told from the next, and says where', async () => {
    const head = 'subject_type,subject_value,purpose,action\n';
    const good = Array.from({ length: 600 }, (_, index) => `account_id,open-${index},ads,grant\n`).join('');
    const file = at('open.csv');
    writeFileSync(file, `${head}account_id,"b,ads,grant\n`);
    await expect(bring({ file })).rejects.toThrow(/^after line 1, a quote is not closed$/);
    writeFileSync(file, `${head}${good}account_id,"b,ads,grant\n`);
    await expect(bring({ file })).rejects.toThrow(
      /after line 601, a quote is not closed\.[^]*mend that and run the same command again with --idempotency-key sha256-/,
    );
    expect(printed).toMatchObject([{ done: false, read: 500, recorded: 500 }]);
  });

  it.each(['ndjson', 'csv'] as const)('exports what another tenant imports, as %s', async (format) => {
    writeFileSync(at('odd.ndjson'), row('a, "b"\nc') + row('', { action: 'refuse', purpose: 'ranking' }));
    await bring({ file: at('odd.ndjson') });
    const file = at(`all.${format}`);
    const { code, stdout, stderr } = await start(['export', file]).ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^Exported [\d,]+ rows \([\d.]+ [kM]B\) to .*\n$/);
    const other = await tenant(`other-${format}`);
    expect(await runImport(await BulkApi.open({ url, key: other.key }), { file }, asJson, never)).toBe(0);
    await take({ file: at(`other.${format}`) }, url, other.key);
    const lines = (name: string) => readFileSync(at(name), 'utf8').split('\n').sort();
    expect(lines(`other.${format}`)).toEqual(lines(`all.${format}`));
    expect(readFileSync(file, 'utf8')).toContain(
      format === 'csv' ? '"a, ""b""\nc"' : String.raw`a, \"b\"\nc`,
    );
  });

  it('exports to standard output, with nothing but rows on it', async () => {
    const { code, stdout, stderr } = await start(['export', '--format', 'csv']).ended;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Exported [\d,]+ rows/m),
    });
    expect(stdout).toMatch(
      /^subject_type,subject_value,purpose,action,notice_version,occurred_at,expires_at\n/,
    );
  });

  it('leaves the file of before when an export breaks off', async () => {
    writeFileSync(at('before.ndjson'), 'of before');
    way.cutAfter = 5_000;
    await expect(take({ file: at('before.ndjson') }, way.url)).rejects.toThrow(
      /broke off: the connection to .* was lost\. .*before\.ndjson is untouched/,
    );
    expect(readFileSync(at('before.ndjson'), 'utf8')).toBe('of before');
    expect(readdirSync(folder).filter((name) => name.startsWith('before'))).toEqual(['before.ndjson']);
  });
});
