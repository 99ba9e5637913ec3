import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import type { Problem } from './refusals.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

interface Issued {
  readonly id: string;
  readonly key: string;
  readonly scope: object | null;
  readonly expiresAt: string | null;
  readonly replacedBy: string | null;
}

const person = { type: 'email', value: 'ann@example.org' };
const policy = `
purposes:
  ads: { title: Ads, legalBasis: consent }
  training: { title: Training, legalBasis: consent }
`;

describe('an API key', () => {
  let system: TestSystem;
  let admin: Client;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    admin = await createTenant(system, 'acme');
    await admin.applyPolicy(policy);
  });
  afterAll(() => system.stop());

  const issue = async (body: object): Promise<Issued> =>
    (await admin.post('/v1/keys', { name: 'test', ...body }).expect(201)).body as Issued;
  const listed = async (id: string) =>
    ((await admin.get('/v1/keys?limit=1000').expect(200)).body as Issued[]).find((key) => key.id === id);
  const decide = (key: string, purpose: string) =>
    system.as(key).post('/v1/decisions', { subject: person, purpose });

  it('narrowed to purposes decides those and nothing else', async () => {
    const { key, scope } = await issue({ role: 'service', scope: { purposes: ['ads'] } });
    expect(scope).toEqual({ purposes: ['ads'] });
    await decide(key, 'ads').expect(200);
    expect((await decide(key, 'training').expect(403)).body.code).toBe('access.denied');
    const consent = { subject: person, purpose: 'training', action: 'grant' };
    await system.as(key).post('/v1/consents', consent).expect(403);
    for (const path of ['/v1/requests', '/v1/feed', '/v1/ledger']) await system.as(key).get(path).expect(403);
  });

  it.each([
    ['an empty list', { purposes: [] }, '/scope/purposes'],
    ['a text', { purposes: 'ads' }, '/scope/purposes'],
    ['another part', { tenants: ['x'] }, '/scope/tenants'],
    ['a list of lists', { stores: [['x']] }, '/scope/stores'],
    ['no object', [], '/scope'],
  ])('is not issued with a scope that is %s', async (_, scope, pointer) => {
    const { body } = await admin.post('/v1/keys', { role: 'service', name: 'x', scope }).expect(400);
    expect((body as Problem).errors?.map((fault) => fault.pointer)).toContain(pointer);
  });

  it('of a store agent names its stores or regions', async () => {
    for (const scope of [undefined, { purposes: ['ads'] }]) {
      const body = { role: 'store_agent', name: 'x', ...(scope === undefined ? {} : { scope }) };
      expect((await admin.post('/v1/keys', body).expect(400)).body).toMatchObject({
        code: 'key.scope_missing',
        pointer: '/scope',
      });
    }
    const agent = await issue({ role: 'store_agent', scope: { stores: ['rows'] } });
    await system.as(agent.key).get('/v1/stores').expect(200);
    await system.as(agent.key).get('/v1/feed').expect(403);
  });

  it('is rotated with an overlap: both work, then only the successor', async () => {
    const old = await issue({ role: 'service', scope: { purposes: ['ads'] } });
    const next = (await admin.post(`/v1/keys/${old.id}/rotation`, { overlapSeconds: 3_600 }).expect(201))
      .body as Issued;
    expect(next.scope).toEqual(old.scope);
    await decide(old.key, 'ads').expect(200);
    await decide(next.key, 'ads').expect(200);
    const left = Date.parse((await listed(old.id))?.expiresAt ?? '') - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    expect((await listed(old.id))?.replacedBy).toBe(next.id);
    expect((await admin.post(`/v1/keys/${old.id}/rotation`, {}).expect(409)).body.code).toBe('key.replaced');
    const last = (await admin.post(`/v1/keys/${next.id}/rotation`, { overlapSeconds: 0 }).expect(201))
      .body as Issued;
    await decide(next.key, 'ads').expect(401);
    await decide(last.key, 'ads').expect(200);
  });

  it('lives no longer by a rotation', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const old = await issue({ role: 'service', expiresAt: soon });
    const next = (await admin.post(`/v1/keys/${old.id}/rotation`, { overlapSeconds: 3_600 }).expect(201))
      .body as Issued;
    expect((await listed(old.id))?.expiresAt).toBe(soon);
    expect(next.expiresAt).toBe(soon);
  });

  it('that is revoked, expired or of nobody is not rotated', async () => {
    const revoked = await issue({ role: 'service' });
    await admin.delete(`/v1/keys/${revoked.id}`).expect(204);
    const expired = await issue({ role: 'service', expiresAt: new Date(Date.now() - 1).toISOString() });
    for (const id of [revoked.id, expired.id, 'x', '01890000-0000-7000-8000-000000000001'])
      expect((await admin.post(`/v1/keys/${id}/rotation`, {}).expect(404)).body.code).toBe('key.unknown');
  });

  it('is refused at once when it is revoked, however recently it was used', async () => {
    const { id, key } = await issue({ role: 'service' });
    await decide(key, 'ads').expect(200);
    await admin.delete(`/v1/keys/${id}`).expect(204);
    await decide(key, 'ads').expect(401);
  });

  it('revoked behind the back of this process is refused within the published bound', async () => {
    const { id, key } = await issue({ role: 'service' });
    await decide(key, 'ads').expect(200);
    await withClient(system.database.ownerUrl, (client) =>
      client.query('update api_keys set revoked_at = now() where id = $1', [id]),
    );
    await expect.poll(async () => (await decide(key, 'ads')).status, { timeout: 5_000 }).toBe(401);
  });

  it('shows when it was last used', async () => {
    const { id, key } = await issue({ role: 'service' });
    await decide(key, 'ads').expect(200);
    const at = ((await listed(id)) as Issued & { lastUsedAt: string }).lastUsedAt;
    expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(60_000);
  });

  it('is never shown again, nor what it is checked by', async () => {
    const { key } = await issue({ role: 'service' });
    const text = (await admin.get('/v1/keys?limit=1000').expect(200)).text;
    expect(text).not.toContain(key.slice(-43));
    expect(text).not.toMatch(/secret|hash/i);
    expect(system.logs()).not.toContain(key.slice(-43));
  });
});

describe('a tenant', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
  });
  afterAll(() => system.stop());

  it('may choose the name of its log, which no other has', async () => {
    const operator = system.as(system.operatorKey);
    const origin = 'privacy.acme.example/lethe';
    const { body } = await operator.post('/v1/tenants', { slug: 'acme', name: 'Acme', origin }).expect(201);
    expect(body.origin).toBe(origin);
    expect(body.verifierKey).toMatch(/^privacy\.acme\.example\/lethe\+/);
    const again = await operator.post('/v1/tenants', { slug: 'acme2', name: 'A', origin }).expect(409);
    expect(again.body.code).toBe('ledger.origin_taken');
    for (const bad of ['https://a', 'a b', 'a+b', 'A', '', 'a/'])
      await operator.post('/v1/tenants', { slug: 'acme3', name: 'A', origin: bad }).expect(400);
    await operator.post('/v1/tenants', { slug: 'acme2', name: 'A' }).expect(201);
  });
});
