import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyFile } from '#ledger';
import { withClient } from '#testing';
import { issueKeys } from './callers.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const canary = 'canary.person@example.org';
const other = 'other@example.org';
const person = (value: string) => ({ type: 'email', value });
const reason = 'a court asked for it in writing';

const policy = `
purposes: { ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } } }
retention: { old: { keep: P1Y } }
`;
const dataMap = (url: string, schema: string) => `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: ${schema}.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
`;

type Tenant = Client & { readonly id: string; readonly verifierKey: string };

describe('legal holds', () => {
  let system: TestSystem;
  let tenants = 0;

  beforeAll(async () => {
    system = await startTestSystem();
  });
  afterAll(() => system.stop());

  const query = (text: string, values: readonly unknown[] = []) =>
    withClient(
      system.database.ownerUrl,
      async (client) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
    );

  /** A tenant with a table of its own: of each person a row of yesterday and one of two years ago. */
  async function inhabited(): Promise<Tenant & { readonly rows: () => Promise<unknown[]> }> {
    const slug = `holds${tenants++}`;
    const admin = await createTenant(system, slug);
    await query(`create schema ${slug}`);
    await query(`create table ${slug}.clicks (person text, at timestamptz)`);
    for (const who of [canary, other])
      for (const days of [1, 730])
        await query(`insert into ${slug}.clicks values ($1, now() - $2 * interval '1 day')`, [who, days]);
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl, slug)).expect(200);
    await admin.until('/v1/stores', (list: { state: string }[]) =>
      list.every(({ state }) => state === 'ready'),
    );
    await admin.applyPolicy(policy);
    // With where each row lies and who wrote it: not only the same values, but the same bytes.
    const rows = () =>
      query(`select ctid::text, xmin::text, person, at from ${slug}.clicks order by person, at`);
    return { ...admin, rows };
  }
  const place = async (admin: Client, scope: object, more: object = {}) => {
    const wanted = { basis: 'legal_claims', matter: '2026-114', reason, scope, ...more };
    return (await admin.post('/v1/holds', wanted).expect(201)).body as { id: string; inFlight: unknown[] };
  };
  const erase = async (admin: Client, ...people: readonly string[]) => {
    const { body } = await admin
      .post('/v1/requests/batch', { kind: 'deletion', subjects: people.map(person) })
      .expect(202);
    return (body as { requests: { id: string }[] }).requests.map(({ id }) => id);
  };
  const ends = (admin: Client, id: string, state: string) =>
    admin.until(`/v1/requests/${id}`, (request: { state: string }) => request.state === state);

  it('keep one person to the byte while another is erased; lifted, the work resumes by itself, with a receipt of each', async () => {
    const admin = await inhabited();
    const before = (await admin.rows()).filter((row) => (row as { person: string }).person === canary);
    const { id, inFlight } = await place(admin, { subjects: [person(canary)] });
    expect(inFlight).toEqual([]);
    const [hers, theirs] = await erase(admin, canary, other);
    await ends(admin, hers!, 'completed_with_exceptions');
    await ends(admin, theirs!, 'completed');
    expect(await admin.rows()).toEqual(before);
    const first = (await admin.until(`/v1/requests/${hers}/receipt`, () => true)) as { document: object };
    expect(first.document).toMatchObject({
      parts: [{ outcome: 'held', legalBasis: 'legal_claims', rows: 0 }],
    });
    const { body: lifted } = await admin.post(`/v1/holds/${id}/lift`, { reason }).expect(200);
    expect(lifted).toMatchObject({ state: 'lifted', liftReason: reason });
    const began = Date.now();
    await ends(admin, hers!, 'completed');
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await admin.rows()).toEqual([]);
    const second = (await admin.until(
      `/v1/requests/${hers}/receipt`,
      ({ document }: { document: { amends?: string } }) => document.amends !== undefined,
    )) as { document: object };
    expect(second.document).toMatchObject({ state: 'completed', parts: [{ outcome: 'erased', rows: 2 }] });
    for (const receipt of [first, second])
      expect((await verifyFile(JSON.stringify(receipt), admin.verifierKey)).ok).toBe(true);
  });

  it('end on their date, also while no worker runs and every bell is lost', async () => {
    const admin = await inhabited();
    const until = new Date(Date.now() + 2_500);
    const { id } = await place(admin, { datasets: ['rows/clicks'] }, { until });
    const [request] = await erase(admin, canary);
    await ends(admin, request!, 'completed_with_exceptions');
    await system.stopWorker();
    await admin.until(`/v1/holds/${id}`, ({ state }: { state: string }) => state === 'ended');
    expect(await admin.rows()).toHaveLength(4);
    await query('delete from outbox');
    await system.startWorker();
    await ends(admin, request!, 'completed');
    expect(await admin.rows()).toMatchObject([{ person: other }, { person: other }]);
    await admin.post(`/v1/holds/${id}/lift`, { reason }).expect(409);
    const feed = (await admin.get('/v1/feed?limit=1000').expect(200)).body as {
      kind: string;
      data: object;
    }[];
    expect(feed.filter(({ kind }) => kind === 'hold.ended').map(({ data }) => data)).toEqual([{ hold: id }]);
  });

  it('are left out of sweeps, which say so, and of their dry runs', async () => {
    const admin = await inhabited();
    const { id } = await place(admin, { subjects: [person(canary)] });
    const sweep = async (dryRun: boolean) => {
      const { body } = await admin.post('/v1/retention/sweeps', { dryRun }).expect(202);
      const path = `/v1/retention/sweeps/${(body as { runId: string }).runId}`;
      await admin.until(path, (list: { state: string }[]) => list.every(({ state }) => state === 'finished'));
      return path;
    };
    expect((await admin.get(await sweep(true)).expect(200)).body).toMatchObject([
      { expected: 1, effected: null, holdId: id },
    ]);
    const path = await sweep(false);
    expect((await admin.get(path).expect(200)).body).toMatchObject([
      { expected: 1, effected: 1, holdId: id },
    ]);
    expect(await admin.rows()).toHaveLength(3);
    await admin.post(`/v1/holds/${id}/lift`, { reason }).expect(200);
    await admin.until(path, ([one]: [{ holdId: string | null }]) => one.holdId === null);
    expect((await admin.get(path).expect(200)).body).toMatchObject([{ effected: 2 }]);
    expect(await admin.rows()).toHaveLength(2);
  });

  it('are refused with the place of what is wrong, and unknown to others', async () => {
    const [admin, stranger] = [await inhabited(), await createTenant(system, 'strangers')];
    const good = { basis: 'legal_claims', matter: '2026-114', reason, scope: { stores: ['rows'] } };
    for (const [change, code, pointer] of [
      [{ scope: {} }, 'hold.covers_everything', '/scope'],
      [{ until: new Date(Date.now() - 1_000) }, 'hold.ends_in_the_past', '/until'],
      [{ scope: { stores: ['rows', 'nowhere'] } }, 'hold.names_nothing', '/scope/stores/1'],
      [{ scope: { categories: ['user.nothing'] } }, 'hold.names_nothing', '/scope/categories/0'],
      [
        { scope: { collectedFrom: '2026-02-01T00:00:00Z', collectedUntil: '2026-01-01T00:00:00Z' } },
        'hold.no_time',
        '/scope/collectedUntil',
      ],
    ] as const) {
      const { body } = await admin.post('/v1/holds', { ...good, ...change }).expect(400);
      expect(body).toMatchObject({ code, pointer });
    }
    for (const change of [
      { reason: 'short' },
      { matter: ' ' },
      { basis: 'because' },
      { scope: { stores: [] } },
      { scope: { stores: null } },
      { scope: { subjects: Array.from({ length: 1_001 }, () => person('x')) } },
      { until: 'tomorrow' },
      { forever: true },
    ])
      await admin.post('/v1/holds', { ...good, ...change }).expect(400);
    expect((await admin.get('/v1/holds').expect(200)).body).toEqual([]);
    const { id } = await place(admin, { subjects: [person(canary)] });
    await stranger.get(`/v1/holds/${id}`).expect(404);
    await stranger.post(`/v1/holds/${id}/lift`, { reason }).expect(404);
    await admin.get('/v1/holds/nonsense').expect(404);
    await admin.post(`/v1/holds/${id}/lift`, { reason: 'no' }).expect(400);
  });

  it('show an auditor everything but whom they name', async () => {
    const admin = await inhabited();
    const { id } = await place(
      admin,
      { subjects: [person(canary)] },
      { until: new Date(Date.now() + 60_000) },
    );
    const keys = await issueKeys(admin);
    const auditor = system.as(keys.get('auditor')!['authorization']!.slice('Bearer '.length));
    const { body: own } = await admin.get(`/v1/holds/${id}`).expect(200);
    expect(own).toMatchObject({ state: 'active', subjects: 1, subjectRefs: [expect.any(String)] });
    const { body: seen } = await auditor.get(`/v1/holds/${id}`).expect(200);
    const rest = { ...(own as Record<string, unknown>) };
    delete rest['subjectRefs'];
    expect(seen).toEqual(rest);
    expect((await auditor.get('/v1/holds?state=active').expect(200)).body).toEqual([rest]);
    expect((await auditor.get('/v1/holds?state=lifted').expect(200)).body).toEqual([]);
    await auditor.get('/v1/holds?state=over').expect(400);
  });

  it('keep a tenant from leaving, whatever it abandons, until they are lifted', async () => {
    const admin = await inhabited();
    const { id } = await place(admin, { stores: ['rows'] });
    const [request] = await erase(admin, canary);
    await ends(admin, request!, 'completed_with_exceptions');
    const slug = `holds${tenants - 1}`;
    const leave = { confirm: slug, abandonOpenWork: true };
    const { body } = await admin.post('/v1/offboarding', leave).expect(409);
    expect(body).toMatchObject({ code: 'tenant.under_hold' });
    await admin.post(`/v1/holds/${id}/lift`, { reason }).expect(200);
    await admin.post('/v1/offboarding', leave).expect(201);
    const again = { basis: 'legal_claims', matter: 'm', reason, scope: { stores: ['rows'] } };
    expect((await admin.post('/v1/holds', again).expect(403)).body.code).toBe('tenant.offboarding');
    expect((await admin.get('/v1/holds').expect(200)).body).toMatchObject([{ id, state: 'lifted' }]);
  });

  it('and the leaving of a tenant exclude each other, whoever is first', async () => {
    for (let round = 0; round < 8; round++) {
      const slug = `leaving${round}`;
      const admin = await createTenant(system, slug);
      const wanted = { basis: 'legal_claims', matter: 'm', reason, scope: { subjects: [person(canary)] } };
      const [placed, left] = await Promise.all([
        admin.post('/v1/holds', wanted),
        admin.post('/v1/offboarding', { confirm: slug, abandonOpenWork: true }),
      ]);
      const answers = [placed.status, left.status];
      expect([
        [201, 409],
        [409, 201],
        [403, 201],
      ]).toContainEqual(answers);
      const { body } = await admin.get('/v1/holds').expect(200);
      expect(body).toHaveLength(left.status === 201 ? 0 : 1);
    }
  });

  it('leave no identifier and no reason in logs, metrics, jobs, the log and tables in clear', async () => {
    const admin = await inhabited();
    await place(admin, { subjects: [person(canary)] });
    const [request] = await erase(admin, canary);
    await ends(admin, request!, 'completed_with_exceptions');
    const feed = (await admin.get('/v1/feed?limit=1000').expect(200)).text;
    const tables = await query(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'bullmq')`,
    );
    const dumps: string[] = [];
    for (const { name } of tables)
      dumps.push(JSON.stringify(await query(`select t::text from ${String(name)} t`)));
    const metrics = (await admin.get('/metrics')).text;
    const hex = Buffer.from(canary).toString('hex');
    for (const [where, content] of Object.entries({
      feed,
      metrics,
      tables: dumps.join(),
      logs: system.logs(),
    }))
      for (const form of [canary, hex]) expect(content.includes(form), `${form} in ${where}`).toBe(false);
    for (const content of [feed, metrics, system.logs()]) expect(content).not.toContain(reason);
    expect(system.logs()).not.toMatch(/"level":"(error|fatal)"/);
  });
});
