import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, subjectRef, type JsonObject, type TenantId } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { openCheckpoint } from './domain/checkpoint.js';
import { leafHash, verifyInclusion } from './domain/merkle.js';
import { parseVerifierKey } from './domain/note.js';
import { parseProof } from './domain/proof.js';
import { verifyFile } from './domain/verify-file.js';
import { MemoryTileFolder } from './testing/memory-tile-folder.js';
import { appendMany, openLedger, startLog, type OpenLedger } from './testing/open-ledger.js';

let database: TestDatabase;
let folder: string;
let app: OpenLedger;
let worker: OpenLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-ledger-'));
  [app, worker] = await Promise.all([
    openLedger(database.appUrl, folder),
    openLedger(database.systemUrl, folder),
  ]);
});
afterAll(async () => {
  await Promise.all([app.close(), worker.close()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = (text: string, values: unknown[] = []) =>
  withClient(
    database.ownerUrl,
    async (client) => (await client.query<Record<string, unknown>>(text, values)).rows,
  );
const newLog = () =>
  startLog(app, async (tenant) => {
    await owner("insert into tenants values ($1, $2, 'Test', now())", [tenant, `t-${tenant}`]);
  });
const document: JsonObject = { outcome: 'erased', note: 'line\u2028separator' };
const digest = createHash('sha256').update(canonicalJson(document)).digest('base64');
const issue = async (tenant: TenantId) => {
  const entry = { kind: 'receipt.issued' as const, subjectRef: subjectRef(randomUUID()), data: { digest } };
  const { first } = await app.transactions.run(tenant, (tx) => app.append.execute(tx, tenant, [entry]));
  return first;
};
const linesOf = async (source: AsyncIterable<string>) => {
  const lines: string[] = [];
  for await (const line of source) lines.push(line);
  return lines;
};

describe('a receipt', () => {
  it('verifies offline, at any place of the log and after the log has grown', async () => {
    const { tenant, verifierKey } = await newLog();
    const numbers: number[] = [];
    for (const before of [0, 254, 0, 700]) {
      await appendMany(app, tenant, before);
      numbers.push(await issue(tenant));
      await worker.integrate.execute(tenant);
    }
    expect(numbers).toEqual([1, 256, 257, 958]);
    for (const number of numbers) {
      const receipt = await app.read.signedDocument(tenant, number, document);
      const report = await verifyFile(JSON.stringify(receipt), verifierKey);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(report.ok).toBe(true);
    }
  });

  it('is refused until a published checkpoint covers it', async () => {
    const { tenant, verifierKey } = await newLog();
    const unproved = { kind: 'conflict', code: 'receipt.not_proved' };
    const one = await issue(tenant);
    await expect(app.read.signedDocument(tenant, one, document)).rejects.toMatchObject(unproved);
    await worker.integrate.execute(tenant);
    const two = await issue(tenant);
    await expect(app.read.signedDocument(tenant, two, document)).rejects.toMatchObject(unproved);
    const receipt = await app.read.signedDocument(tenant, one, document);
    expect((await verifyFile(JSON.stringify(receipt), verifierKey)).ok).toBe(true);
  });

  it('does not verify for a document that is not the one of its entry', async () => {
    const { tenant, verifierKey } = await newLog();
    const number = await issue(tenant);
    await worker.integrate.execute(tenant);
    const receipt = await app.read.signedDocument(tenant, number, { outcome: 'retained' });
    expect((await verifyFile(JSON.stringify(receipt), verifierKey)).ok).toBe(false);
  });
});

describe('the proof of a leaf', () => {
  it('leads from its entry to the published checkpoint, also when its partial tiles have been superseded', async () => {
    const { tenant, verifierKey } = await newLog();
    const tiles = new MemoryTileFolder();
    const over = worker.over(tiles);
    await appendMany(app, tenant, 200);
    await over.integrate.execute(tenant);
    const older = tiles.files.get(`${tenant}/checkpoint`)!;
    await appendMany(app, tenant, 400);
    await over.integrate.execute(tenant);
    // A reader that still holds the checkpoint of 200 entries, whose tile is gone.
    expect(tiles.files.has(`${tenant}/tile/0/000.p/200`)).toBe(false);
    for (const [note, size] of [
      [tiles.files.get(`${tenant}/checkpoint`)!, 600],
      [older, 200],
    ] as const) {
      await tiles.write(`${tenant}/checkpoint`, note);
      const entries = await app.transactions.run(tenant, (tx) => app.read.entries(tx, tenant, 0, 1_000));
      for (const index of [0, 77, 199]) {
        const proof = parseProof((await over.read.proof(tenant, index))!)!;
        const { root } = openCheckpoint(proof.checkpoint, parseVerifierKey(verifierKey)!)!;
        const leaf = leafHash(canonicalJson(entries[index]!.document));
        expect(verifyInclusion(leaf, BigInt(index), BigInt(size), proof.hashes, root)).toBe(true);
      }
      expect(await over.read.proof(tenant, size)).toBeUndefined();
    }
  });
});

describe('the public files of a log', () => {
  it('are the checkpoint and the tiles, and nothing else on the disk', async () => {
    const { tenant } = await newLog();
    await appendMany(app, tenant, 3);
    await worker.integrate.execute(tenant);
    await writeFile(join(folder, 'secret'), 'secret');
    await writeFile(join(folder, tenant, 'tile', '0', 'secret'), 'secret');
    expect(await app.read.checkpoint(tenant)).toContain(`log.example/${tenant}\n3\n`);
    expect(await app.read.tile(tenant, 'tile/0/000.p/3')).toHaveLength(96);
    expect(await app.read.tile(tenant, 'tile/entries/000.p/3')).toBeDefined();
    const others = [
      'tile/0/000',
      'tile/0/000.p/4',
      'tile/0/secret',
      'checkpoint',
      '../secret',
      'tile/../../secret',
    ];
    for (const path of [
      ...others,
      'tile/0/../0/000.p/3',
      `../${tenant}/tile/0/000.p/3`,
      'tile/0/000.p/3/',
      '',
    ])
      expect(await app.read.tile(tenant, path), path).toBeUndefined();
  });

  it('name no person', async () => {
    const { tenant } = await newLog();
    const person = subjectRef(randomUUID());
    await app.transactions.run(tenant, (tx) =>
      app.append.execute(tx, tenant, [{ kind: 'subject.registered', subjectRef: person, data: {} }]),
    );
    await worker.integrate.execute(tenant);
    const bundle = (await app.read.tile(tenant, 'tile/entries/000.p/1'))!.toString('utf8');
    expect(bundle).toContain('subject.registered');
    expect(bundle).not.toContain(person);
    expect((await linesOf(app.exportLog.execute(tenant))).join()).not.toContain(person);
  });
});

describe('an export', () => {
  it('holds the published log to the byte, and verifies', async () => {
    const { tenant, verifierKey } = await newLog();
    await appendMany(app, tenant, 2_345);
    await worker.integrate.execute(tenant);
    await appendMany(app, tenant, 10);
    const lines = await linesOf(app.exportLog.execute(tenant));
    expect(lines).toHaveLength(2_347);
    const report = await verifyFile(lines.join('\n'), verifierKey);
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(report).toMatchObject({ ok: true, format: 'lethe-export/v1', subject: `log.example/${tenant}` });
  });

  it('tells of a row that was changed behind the back of the log', async () => {
    const { tenant, verifierKey } = await newLog();
    await appendMany(app, tenant, 20);
    await worker.integrate.execute(tenant);
    await owner(
      "update ledger_entries set entry = convert_to(replace(convert_from(entry, 'UTF8'), '\"place\":6', '\"place\":9'), 'UTF8') where tenant_id = $1 and number = 7",
      [tenant],
    );
    const report = await verifyFile(app.exportLog.execute(tenant), verifierKey);
    expect(report.ok).toBe(false);
    expect(report.checks.at(-1)?.detail).toContain('not those of the signed log');
  });

  it('is refused before the first checkpoint', async () => {
    const { tenant } = await newLog();
    await appendMany(app, tenant, 1);
    await expect(linesOf(app.exportLog.execute(tenant))).rejects.toMatchObject({
      code: 'ledger.not_published',
    });
  });
});
