import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const person = { type: 'email', value: 'shared.person@example.org' };
const erased = { type: 'email', value: 'erased.person@example.org' };
const policy = `
purposes: { recommendations: { title: Recommendations, legalBasis: consent } }
retention: { old: { keep: P10Y } }
`;

function dataMap(url: string): string {
  return `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: host.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [recommendations]
        tenantFilter: { field: tenant, value: theirs }
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
          tenant: { category: system.operations, rule: purge }
`;
}

/** Every list that could show something of another tenant. */
const lists = (ids: { readonly batch: string; readonly request: string }) => [
  '/v1/keys',
  '/v1/stores',
  '/v1/requests',
  `/v1/requests?batch=${ids.batch}`,
  '/v1/obligations',
  `/v1/obligations?cause=${ids.request}`,
  '/v1/feed',
  '/v1/feed?after=0&limit=1000',
  '/v1/ledger/export',
];

/** A whole answer as text, whatever its type. */
async function read(client: Client, path: string): Promise<string> {
  const { body } = await client
    .get(path)
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        done(null, Buffer.concat(chunks).toString('utf8'));
      });
    })
    .expect(200);
  return String(body);
}

/** Which of these ids a text shows; ids in the export are inside base64. */
function whose(text: string, ids: ReadonlySet<string>): readonly string[] {
  const decoded = (text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? []).map((part) =>
    Buffer.from(part, 'base64').toString('utf8'),
  );
  const all = [text, ...decoded].join('\n');
  return [...ids].filter((id) => all.includes(id));
}

/** Tenant A asks for what is B's. B has one of everything; A has a policy and nothing else. */
describe("another tenant's data", () => {
  let system: TestSystem;
  let a: Client & { readonly id: string };
  let b: Client & { readonly id: string };
  let ids: Record<'request' | 'batch' | 'sweeps' | 'rescan' | 'key', string>;
  let revision: string;
  /** Every UUID that B's own answers contain. */
  let theirs: ReadonlySet<string>;

  beforeAll(async () => {
    system = await startTestSystem();
    await withClient(system.database.ownerUrl, (client) =>
      client.query('create schema host; create table host.clicks (person text, at timestamptz, tenant text)'),
    );
    a = await createTenant(system, 'ours');
    b = await createTenant(system, 'theirs');
    await a.applyPolicy(policy);
    await b.applyPolicy(policy);
    await b.put('/v1/data-map', dataMap(system.database.ownerUrl)).expect(200);
    const consent = { subject: person, purpose: 'recommendations', action: 'grant' };
    ({ revision } = (await b.post('/v1/consents', consent).expect(201)).body);
    const filed = (await b.post('/v1/requests/batch', { kind: 'deletion', subjects: [erased] }).expect(202))
      .body;
    const key = (await b.post('/v1/keys', { role: 'service', name: 'theirs' }).expect(201)).body;
    const sweeps = (await b.post('/v1/retention/sweeps', { dryRun: true }).expect(202)).body;
    const rescan = (await b.post('/v1/stores/rows/rescans', {}).expect(202)).body;
    ids = {
      request: filed.requests[0].id,
      batch: filed.batchId,
      sweeps: sweeps.runId,
      rescan: rescan.id,
      key: key.id,
    };
    await b.until(`/v1/requests/${ids.request}/receipt`, () => true);
    await b.until(`/v1/rescans/${ids.rescan}`, ({ state }: { state: string }) => state === 'finished');
    const sources = ['keys', 'stores', 'requests', 'obligations', 'feed', `retention/sweeps/${ids.sweeps}`];
    const texts = await Promise.all(sources.map((path) => read(b, `/v1/${path}`)));
    theirs = new Set([
      ...Object.values(ids),
      ...(texts.join('').match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? []),
    ]);
  });
  afterAll(() => system.stop());

  it('is there: the owner finds all of it', async () => {
    for (const path of [
      `requests/${ids.request}`,
      `requests/${ids.request}/receipt`,
      `rescans/${ids.rescan}`,
      `retention/sweeps/${ids.sweeps}`,
    ])
      await b.get(`/v1/${path}`).expect(200);
    for (const path of lists(ids)) expect(whose(await read(b, path), theirs), path).not.toEqual([]);
  });

  it.each([
    ['requests/:id', 'request'],
    ['requests/:id/receipt', 'request'],
    ['rescans/:id', 'rescan'],
    ['retention/sweeps/:id', 'sweeps'],
  ] as const)('is not found at %s, as if the id did not exist', async (path, what) => {
    const answer = await a.get(`/v1/${path.replace(':id', ids[what])}`).expect(404);
    const nobodys = await a.get(`/v1/${path.replace(':id', crypto.randomUUID())}`).expect(404);
    expect(answer.text).toBe(nobodys.text);
  });

  it("cannot be acted on: another's key stays in force, another's store is not scanned", async () => {
    await a.delete(`/v1/keys/${ids.key}`).expect(404);
    await a.post('/v1/stores/rows/rescans', {}).expect(404);
    const body = (await b.get('/v1/keys').expect(200)).body as { readonly id: string }[];
    expect(body.find(({ id }) => id === ids.key)).toMatchObject({ revokedAt: null });
  });

  it('is in no list, no feed and no export, whatever the filter', async () => {
    for (const path of [...lists(ids), '/v1/ledger', '/v1/policy', '/metrics'])
      expect(whose(await read(a, path), theirs), path).toEqual([]);
    for (const path of ['stores', 'requests', `requests?batch=${ids.batch}`, 'obligations'])
      expect((await a.get(`/v1/${path}`).expect(200)).body).toEqual([]);
  });

  it('decides nothing here: neither a consent nor an erasure crosses over', async () => {
    const question = { subject: person, purpose: 'recommendations' };
    expect((await b.post('/v1/decisions', question).expect(200)).body.effect).toBe('allow');
    expect((await a.post('/v1/decisions', question).expect(200)).body).toMatchObject({
      effect: 'deny',
      reason: 'subject.unknown',
    });
    const dated = await a.post('/v1/decisions', { ...question, revision });
    expect(dated.body.effect).not.toBe('allow');
    const guard = { subjects: [erased] };
    expect((await b.post('/v1/signals/guard', guard).expect(200)).body.allowed).toEqual([false]);
    expect((await a.post('/v1/signals/guard', guard).expect(200)).body.allowed).toEqual([true]);
  });

  it("is not reached by filing for the same person: a request erases in one's own stores only", async () => {
    const before = (await b.get('/v1/obligations').expect(200)).body;
    const { body } = await a.post('/v1/requests', { kind: 'deletion', subject: person }).expect(202);
    await a.until(`/v1/requests/${body.id}`, ({ state }: { state: string }) => state === 'completed');
    expect((await b.get('/v1/obligations').expect(200)).body).toEqual(before);
    const question = { subject: person, purpose: 'recommendations' };
    expect((await b.post('/v1/decisions', question).expect(200)).body.effect).toBe('allow');
  });
});
