import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { createTenant, startTestSystem, type Client, type TestSystem } from '../../../test/e2e/system.js';
import { runApply, runApprove, runDiff, runHistory, runPlan } from './online.js';
import type { Output } from '../output.js';
import { plain } from '../paint.js';
import { PolicyApi } from './policy-api.js';

const rules = (keep: string) => `
purposes: { ads: { title: Ads, legalBasis: consent } }
retention: { clicks: { match: { category: user.behavior }, keep: ${keep} } }
erasure: { everything: {} }
limits: { some: { rows: 5 } }
`;

function dataMap(url: string): string {
  return `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: cli.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields: { person: { category: user.unique_id }, page: { category: user.behavior }, at: { category: user.behavior } }
`;
}

describe('lethe policy with a server', () => {
  let system: TestSystem;
  let admin: Client;
  let api: PolicyApi;
  let second: PolicyApi;
  let url: string;
  let folder: string;
  let said: string[];
  let printed: unknown[];

  beforeAll(async () => {
    system = await startTestSystem();
    await system.api.listen(0, '127.0.0.1');
    url = await system.api.getUrl();
    admin = await createTenant(system, 'acme');
    await withClient(system.database.ownerUrl, async (client) => {
      await client.query(
        'create schema cli; create table cli.clicks (person text, page text, at timestamptz)',
      );
      await client.query(
        `insert into cli.clicks select 'p' || n, 'x', now() - make_interval(years => n) + '1 day' from generate_series(1, 10) n`,
      );
    });
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl)).expect(200);
    const keyOf = async (role: string) =>
      ((await admin.post('/v1/keys', { role, name: role }).expect(201)).body as { key: string }).key;
    api = await PolicyApi.open({ url, key: await keyOf('administrator') });
    second = await PolicyApi.open({ url: `${url}/`, key: await keyOf('privacy_officer') });
    folder = mkdtempSync(join(tmpdir(), 'lethe policy '));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await system.stop();
  });
  beforeEach(() => {
    [said, printed] = [[], []];
  });

  const output = (more: Partial<Output> = {}): Output => ({
    say: (line) => said.push(...line.split('\n')),
    paint: plain,
    json: undefined,
    progress: () => undefined,
    ask: undefined,
    ...more,
  });
  const asJson = () => output({ say: () => undefined, json: (value) => printed.push(value) });
  const at = (name: string) => join(folder, name);
  const write = (keep: string) => {
    writeFileSync(at('policy.yaml'), rules(keep));
    return { paths: [at('policy.yaml')], timeout: 20 };
  };

  it('plans, writes the plan, applies exactly that, and shows history, differences and the way back', async () => {
    expect(await runPlan(api, { ...write('P9Y'), out: at('change.plan') }, output())).toBe(2);
    expect(said.join('\n')).toMatch(/The first policy\n.*\+ purposes\/ads {2}policy\.yaml:2/);
    expect(said.join('\n')).toMatch(/│ rows {2}│ clicks {2}│ {3}10 │ {3}1 │ {7}0 │ {5}1 │ clicks 1 │/);
    expect(JSON.parse(readFileSync(at('change.plan'), 'utf8'))).toMatchObject({
      plan: expect.any(String) as string,
    });
    said = [];
    expect(await runApply(api, { paths: [], timeout: 20, plan: at('change.plan') }, output())).toBe(0);
    expect(said).toEqual(['Version 1 is in force.']);
    expect(await runPlan(api, write('P9Y'), output())).toBe(0);
    expect(said[1]).toBe('Nothing changes: version 1 says the same.');
    said = [];
    expect(await runDiff(() => Promise.resolve(api), [at('policy.yaml')], output())).toBe(0);
    write('P7Y');
    expect(await runDiff(() => Promise.resolve(api), ['1', at('policy.yaml')], output())).toBe(2);
    expect(said).toEqual([
      `current and ${at('policy.yaml')} say the same.`,
      `From 1 to ${at('policy.yaml')}`,
      '  ~ retention/clicks',
      '      keep  "P9Y" -> "P7Y"',
    ]);
    expect(await runApply(api, { ...write('P7Y'), yes: true }, output())).toBe(0);
    expect(await runApply(api, { paths: [], version: 1, timeout: 20, yes: true }, asJson())).toBe(0);
    expect(printed).toEqual([{ version: 3, effectiveAt: null }]);
    said = [];
    expect(await runHistory(api, output())).toBe(0);
    expect(said.filter((line) => line.includes('in force'))).toHaveLength(1);
  });

  it('asks before it applies, and takes nothing but yes', async () => {
    const asked = (answer: string) => output({ ask: () => Promise.resolve(answer) });
    expect(await runApply(api, write('P8Y'), asked('y'))).toBe(1);
    expect(said.at(-1)).toBe('Nothing was applied.');
    expect(await runApply(api, write('P8Y'), asked('yes'))).toBe(0);
    await expect(runApply(api, write('P6Y'), output())).rejects.toThrow('--yes');
  });

  it('waits for a second person beyond the limits', async () => {
    expect(await runApply(api, { ...write('P1Y'), yes: true, out: at('wide.plan') }, output())).toBe(1);
    expect(said.join('\n')).toContain('needs the approval of a second person');
    expect(said.at(-2)).toContain('lethe policy approve --plan');
    const early = runApply(api, { paths: [], timeout: 20, plan: at('wide.plan') }, output());
    await expect(early).rejects.toThrow('policy.approval_needed');
    await expect(runApprove(api, at('wide.plan'), 'I say so myself', output())).rejects.toThrow(
      'policy.four_eyes',
    );
    expect(await runApprove(second, at('wide.plan'), 'agreed with the board', output())).toBe(0);
    expect(await runApply(api, { paths: [], timeout: 20, plan: at('wide.plan') }, output())).toBe(0);
  });

  it('prints one document and nothing else when asked for JSON', async () => {
    expect(await runPlan(api, { ...write('P30Y'), out: at('json.plan') }, asJson())).toBe(2);
    expect(printed).toHaveLength(1);
    expect(printed).toMatchObject([{ state: 'ready', changes: [{ name: 'clicks' }] }]);
  });

  it('says what is wrong in words, with the place, and never shows the key', async () => {
    writeFileSync(at('policy.yaml'), 'retention:\n  a: { keep: soon }');
    const faulty = runPlan(api, { paths: [at('policy.yaml')], timeout: 20 }, output());
    await expect(faulty).rejects.toThrow(/policy\.invalid[^]*policy\.yaml:2 {2}\/retention\/a\/keep/);
    const stranger = await PolicyApi.open({ url, key: 'lethe_000000000000_secret' });
    const refused = await runHistory(stranger, output()).catch((error: unknown) => String(error));
    expect(refused).toContain('the key is not known');
    expect(refused).not.toContain('secret');
    const nobody = await PolicyApi.open({ url: 'http://127.0.0.1:1', key: 'x' });
    await expect(runHistory(nobody, output())).rejects.toThrow('is Lethe running there');
    await expect(PolicyApi.open({ url })).rejects.toThrow('LETHE_KEY');
    await expect(PolicyApi.open({ url, keyFile: at('none') })).rejects.toThrow('cannot be read');
    writeFileSync(at('bad.plan'), 'x');
    await expect(runApprove(api, at('bad.plan'), 'because I want it', output())).rejects.toThrow(
      'is not what lethe policy plan',
    );
  });
});
