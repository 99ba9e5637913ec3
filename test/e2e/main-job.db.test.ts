import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@lancedb/lancedb';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyFile } from '#ledger';
import { skipReason, withClient } from '#testing';
import { redisMissing, startRedis } from './redis.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const canary = 'canary.person@example.org';
const others = ['0', 'o’brien', "x' or '1'='1", 'canary.person@example.org.evil', 'plain'];
const people = [canary, ...others];
const person = (value: string) => ({ type: 'email', value });

const policy = `
purposes:
  recommendations: { title: Recommendations, legalBasis: consent, notice: { version: v1, text: We recommend. } }
  training: { title: Training, legalBasis: consent, notice: { version: v1, text: We train. } }
  ads: { title: Ads, legalBasis: consent, honoursOptOutSignal: true }
retention:
  old-clicks: { match: { store: rows, dataset: clicks }, keep: P10Y }
  rest: { keep: indefinitely, reason: Until the person asks for it. }
`;

function dataMap(url: string, lake: string, vectors: string): string {
  const key = 'subjectKey: { field: person, form: text, identifier: email }';
  const fields = 'person: { category: user.contact.email, rule: purge }';
  return `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: host.clicks
        ${key}
        collectedAt: { field: at, form: timestamp }
        purposes: { field: purposes }
        fields: { ${fields}, at: { category: user.behavior, rule: purge }, purposes: { category: system.operations, rule: purge } }
  lake:
    type: parquet
    settings: { folder: ${JSON.stringify(lake)} }
    datasets:
      events:
        location: events
        ${key}
        collectedAt: { field: at, form: epoch_seconds }
        purposes: [recommendations]
        fields: { ${fields}, at: { category: user.behavior, rule: purge } }
  vectors:
    type: lancedb
    settings: { folder: ${JSON.stringify(vectors)} }
    datasets:
      embeddings:
        location: embeddings
        ${key}
        collectedAt: { field: at, form: epoch_seconds }
        purposes: [recommendations]
        derivedFrom: [rows/clicks]
        fields: { ${fields}, at: { category: user.behavior, rule: purge }, vector: { category: user.behavior, rule: purge } }
`;
}

const recently = new Date(Date.now() - 86_400_000);
const longAgo = new Date('2010-05-05T00:00:00Z');

async function fillStores(system: TestSystem) {
  const lake = join(system.folder, 'lake');
  const vectors = join(system.folder, 'vectors');
  await withClient(system.database.ownerUrl, async (client) => {
    await client.query(
      'create schema host; create table host.clicks (person text, at timestamptz, purposes text[])',
    );
    for (const who of people) {
      for (const [at, purposes] of [
        [recently, ['recommendations']],
        [recently, ['training']],
        [longAgo, ['recommendations', 'training']],
      ] as const) {
        await client.query('insert into host.clicks values ($1, $2, $3)', [who, at, purposes]);
      }
    }
  });
  const seconds = Math.floor(recently.getTime() / 1_000);
  mkdirSync(join(lake, 'events', 'year=2026'), { recursive: true });
  const duck = await DuckDBInstance.create(':memory:');
  const connection = await duck.connect();
  const values = people.map((who) => `('${who.replaceAll("'", "''")}', ${seconds}::bigint)`).join(',');
  await connection.run(
    `copy (select * from (values ${values}) as e (person, "at")) to '${lake}/events/year=2026/part.parquet' (format parquet)`,
  );
  connection.closeSync();
  duck.closeSync();
  const lance = await connect(vectors);
  const table = await lance.createTable(
    'embeddings',
    people.map((who) => ({ person: who, at: BigInt(seconds), vector: [1, 2] })),
  );
  table.close();
  lance.close();
  return { lake, vectors };
}

async function peopleLeft(system: TestSystem, stores: { lake: string; vectors: string }) {
  const rows = await withClient(
    system.database.ownerUrl,
    async (client) =>
      (await client.query('select person, at, purposes from host.clicks order by 1, 2, 3')).rows,
  );
  const duck = await DuckDBInstance.create(':memory:');
  const connection = await duck.connect();
  const events = (
    await connection.runAndReadAll(
      `select person from read_parquet('${stores.lake}/events/*/*.parquet') order by 1`,
    )
  )
    .getRows()
    .map(([who]) => String(who));
  connection.closeSync();
  duck.closeSync();
  const lance = await connect(stores.vectors);
  const table = await lance.openTable('embeddings');
  const vectors = (await table.query().toArray()).map((row: { person: string }) => row.person).sort();
  table.close();
  lance.close();
  return { rows, events, vectors };
}

const backends = [
  { name: 'PostgreSQL', missing: null },
  { name: 'Redis', missing: redisMissing },
] as const;

describe.each(backends)('the main job with queues in $name', ({ name, missing }) => {
  const skipped = skipReason(missing === null ? null : `the main job with queues in ${name}: ${missing}`);
  let system: TestSystem;
  let admin: Client & { readonly id: string; readonly verifierKey: string };
  let stores: { lake: string; vectors: string };
  let stopRedis: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    if (skipped) return;
    const redis = name === 'Redis' ? await startRedis() : undefined;
    stopRedis = redis?.stop ?? stopRedis;
    system = await startTestSystem(redis === undefined ? {} : { redisUrl: redis.url });
    stores = await fillStores(system);
    admin = await createTenant(system, 'acme');
    await admin
      .put('/v1/data-map', dataMap(system.database.ownerUrl, stores.lake, stores.vectors))
      .expect(200);
    const checked = await admin.until('/v1/stores', (list: { state: string }[]) =>
      list.every(({ state }) => state !== 'unchecked'),
    );
    expect(checked).toMatchObject([
      { state: 'ready', faults: [] },
      { state: 'ready', faults: [] },
      { state: 'ready', faults: [] },
    ]);
    expect(await admin.applyPolicy(policy)).toBe(1);
  });
  afterAll(async () => {
    if (skipped) return;
    await system.stop();
    await stopRedis();
  });

  const settled = (cause: string) =>
    admin.until(
      `/v1/obligations?cause=${cause}`,
      (list: { settledAt: string | null }[]) =>
        list.length > 0 && list.every(({ settledAt }) => settledAt !== null),
    );

  it.skipIf(skipped)('answers with the state that a token names', async () => {
    const question = { subject: person('plain'), purpose: 'recommendations' };
    const ask = async (revision: string) =>
      (await admin.post('/v1/decisions', { ...question, revision }).expect(200)).body.reason;
    for (const [action, reason] of [
      ['grant', 'consent.given'],
      ['withdraw', 'consent.withdrawn'],
      ['grant', 'consent.given'],
    ] as const) {
      const { body } = await admin.post('/v1/consents', { ...question, action }).expect(201);
      expect(await ask(body.revision)).toBe(reason);
    }
    await admin.post('/v1/decisions', { ...question, revision: '1.999999' }).expect(400);
    await admin.post('/v1/decisions', { ...question, revision: '2.1' }).expect(400);
  });

  it.skipIf(skipped)('purges only what was collected for a withdrawn purpose alone', async () => {
    const before = await peopleLeft(system, stores);
    for (const purpose of ['recommendations', 'training'])
      await admin.post('/v1/consents', { subject: person('0'), purpose, action: 'grant' }).expect(201);
    const { body } = await admin
      .post('/v1/consents', { subject: person('0'), purpose: 'training', action: 'withdraw' })
      .expect(201);
    const after = Number(String(body.revision).split('.')[1]);
    const feed = (await admin.until(`/v1/feed?after=${after}`, (list: { kind: string }[]) =>
      list.some(({ kind }) => kind === 'obligations.planned'),
    )) as { kind: string; data: { causeId: string } }[];
    await settled(feed.find(({ kind }) => kind === 'obligations.planned')!.data.causeId);
    const left = await peopleLeft(system, stores);
    expect(left.rows).toEqual(
      before.rows.filter(
        (row: { person: string; purposes: string[] }) =>
          row.person !== '0' || row.purposes.join() !== 'training',
      ),
    );
    expect(left.events).toEqual(before.events);
    expect(left.vectors).toEqual(before.vectors);
  });

  it.skipIf(skipped)(
    'erases one person everywhere and nobody else, with a receipt that verifies',
    async () => {
      const before = await peopleLeft(system, stores);
      await admin
        .post('/v1/consents', { subject: person(canary), purpose: 'recommendations', action: 'grant' })
        .expect(201);
      const filed = await admin
        .post('/v1/requests', { kind: 'deletion', subject: person(' Canary.Person@Example.ORG ') })
        .expect(202);
      const { body: denied } = await admin
        .post('/v1/decisions', { subject: person(canary), purpose: 'recommendations' })
        .expect(200);
      expect(denied).toMatchObject({ effect: 'deny', reason: 'subject.suppressed' });
      const { body: joined } = await admin
        .post('/v1/requests', { kind: 'deletion', subject: person(canary) })
        .expect(202);
      if (joined.joined) expect(joined.id).toBe(filed.body.id);
      await admin.until(
        `/v1/requests/${filed.body.id}`,
        ({ state }: { state: string }) => state === 'completed',
      );
      const left = await peopleLeft(system, stores);
      const stays = (who: string) => who !== canary;
      expect(left).toEqual({
        rows: before.rows.filter((row: { person: string }) => stays(row.person)),
        events: before.events.filter(stays),
        vectors: before.vectors.filter(stays),
      });
      const receipt = await admin.until(`/v1/requests/${filed.body.id}/receipt`, () => true);
      const report = await verifyFile(JSON.stringify(receipt, null, 2), admin.verifierKey);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      const forged = JSON.stringify(receipt).replace(
        '"state":"completed"',
        '"state":"completed_with_exceptions"',
      );
      expect((await verifyFile(forged, admin.verifierKey)).ok).toBe(false);
    },
  );

  it.skipIf(skipped)('refuses a late event, and finds and erases one written behind its back', async () => {
    const guarded = await admin
      .post('/v1/signals/guard', { subjects: [person(canary), person('plain')] })
      .expect(200);
    expect(guarded.body.allowed).toEqual([false, true]);
    const before = await peopleLeft(system, stores);
    await withClient(system.database.ownerUrl, (client) =>
      client.query(`insert into host.clicks values ($1, now(), '{training}')`, [canary]),
    );
    const { body } = await admin.post('/v1/stores/rows/rescans', {}).expect(202);
    const scan = await admin.until(
      `/v1/rescans/${body.id}`,
      ({ state }: { state: string }) => state !== 'requested',
    );
    expect(scan).toMatchObject({ state: 'finished', found: 1 });
    await expect
      .poll(async () => (await peopleLeft(system, stores)).rows, { timeout: 10_000 })
      .toEqual(before.rows);
    await admin
      .post('/v1/consents', { subject: person(canary), purpose: 'training', action: 'grant' })
      .expect(409);
    await admin.post('/v1/subjects', { subject: person(canary) }).expect(201);
    await admin
      .post('/v1/consents', { subject: person(canary), purpose: 'training', action: 'grant' })
      .expect(201);
  });

  it.skipIf(skipped)('sweeps exactly what the dry run counted', async () => {
    const sweep = async (dryRun: boolean) => {
      const { body } = await admin.post('/v1/retention/sweeps', { dryRun }).expect(202);
      return (await admin.until(`/v1/retention/sweeps/${body.runId}`, (list: { state: string }[]) =>
        list.every(({ state }) => state === 'finished'),
      )) as { expected: number; effected: number }[];
    };
    const before = await peopleLeft(system, stores);
    const due = before.rows.filter((row: { at: Date }) => row.at.getTime() === longAgo.getTime()).length;
    expect(await sweep(true)).toMatchObject([{ expected: due, effected: null }]);
    expect((await peopleLeft(system, stores)).rows).toEqual(before.rows);
    expect(await sweep(false)).toMatchObject([{ expected: due, effected: due }]);
    expect((await peopleLeft(system, stores)).rows).toEqual(
      before.rows.filter((row: { at: Date }) => row.at.getTime() !== longAgo.getTime()),
    );
  });

  it.skipIf(skipped)(
    'loses nothing when the worker and its queue are gone while requests come in',
    async () => {
      await system.stopWorker();
      const filed = await admin
        .post('/v1/requests/batch', { kind: 'deletion', subjects: others.slice(2).map(person) })
        .expect(202);
      // The bells that the outbox still holds are lost too: the rows alone must do.
      await withClient(system.database.ownerUrl, (client) => client.query('delete from outbox'));
      await system.startWorker();
      await admin.until(
        `/v1/requests?batch=${filed.body.batchId}`,
        (list: { state: string }[]) => list.length === 3 && list.every(({ state }) => state === 'completed'),
      );
      const left = await peopleLeft(system, stores);
      expect([...new Set(left.rows.map((row: { person: string }) => row.person))].sort()).toEqual([
        '0',
        'o’brien',
      ]);
      expect(left.events).toEqual(['0', 'o’brien']);
    },
  );

  it.skipIf(skipped)(
    'exports a log that verifies and holds no identifier, as do logs, metrics, jobs and tables in clear',
    async () => {
      const { text } = await admin
        .get('/v1/ledger/export')
        .buffer(true)
        .parse((res, done) => {
          let all = '';
          res.on('data', (chunk: Buffer) => (all += chunk.toString()));
          res.on('end', () => {
            done(null, all);
          });
        })
        .expect(200)
        .then((response) => ({ text: String(response.body) }));
      expect((await verifyFile(text, admin.verifierKey)).checks.filter(({ ok }) => !ok)).toEqual([]);
      const metrics = (await admin.get('/metrics')).text;
      const tables = await withClient(system.database.ownerUrl, async (client) => {
        const names = (
          await client.query(
            `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'bullmq')`,
          )
        ).rows;
        const dumps = [];
        for (const { name: table } of names)
          dumps.push(JSON.stringify((await client.query(`select t::text from ${String(table)} t`)).rows));
        return dumps.join('\n');
      });
      const hex = Buffer.from(canary).toString('hex');
      for (const [where, content] of Object.entries({ text, metrics, tables, logs: system.logs() })) {
        for (const form of [canary, hex, 'anary.person', 'Canary.Person'])
          expect(content.includes(form), `${form} in ${where}`).toBe(false);
      }
      expect(system.logs()).not.toMatch(/"level":"(error|fatal)"/);
      expect(system.logs().length).toBeGreaterThan(1_000);
    },
  );
});
