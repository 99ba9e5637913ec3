import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Client as Database } from 'pg';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ask,
  deletion,
  inhabit,
  offboarded,
  people,
  person,
  publicLog,
  rowsOf,
  settled,
  takeExport,
  verifies,
  type Tenant,
} from './leaving.js';
import { refused } from './refusals.js';
import { createTenant, startTestSystem, type TestSystem } from './system.js';

async function startWithStore(): Promise<TestSystem> {
  const system = await startTestSystem();
  await ask(system, 'create schema host');
  await ask(system, 'create table host.clicks (person text, at timestamptz, tenant text)');
  return system;
}

/** Somebody whom the tenant's own application vouches for. */
async function tokenOf(admin: Tenant): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const issuer = 'https://app.example';
  const host = { kind: 'host', issuer, audience: 'lethe', algorithms: ['ES256'], identifierType: 'email' };
  await admin.post('/v1/issuers', { ...host, jwks: { keys: [await exportJWK(publicKey)] } }).expect(201);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(issuer)
    .setAudience('lethe')
    .setSubject(people[1] ?? '')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}

describe('a tenant that leaves', () => {
  let system: TestSystem;
  let leaver: Tenant;
  let other: Tenant;

  beforeAll(async () => {
    system = await startWithStore();
    leaver = await inhabit(system, 'leaver');
    other = await inhabit(system, 'other');
    for (const admin of [leaver, other]) await settled(admin, await deletion(admin, people[0] ?? ''));
  });
  afterAll(() => system.stop());

  it('is erased but for its log, after it was handed everything', async () => {
    const token = await tokenOf(leaver);
    const keys = await Promise.all(
      ['administrator', 'service', 'auditor'].map(
        async (role) => (await leaver.post('/v1/keys', { role, name: role }).expect(201)).body.key as string,
      ),
    );
    const decide = (key: string) =>
      supertest(system.api.getHttpServer())
        .post('/v1/decisions')
        .set({ authorization: `Bearer ${key}`, 'lethe-tenant': 'leaver' })
        .send({ subject: person(people[1] ?? ''), purpose: 'ads' });
    await decide(token).expect(200);
    const earlier = await publicLog(system, leaver.id);
    const { body: begun } = await leaver.post('/v1/offboarding', { confirm: 'leaver' }).expect(201);
    expect(begun).toMatchObject({ state: 'offboarding', exportDigest: null, next: 'take_export' });
    const taken = await takeExport(leaver);
    expect(taken.end).toEqual({ end: true, count: taken.rows.length, sha256: taken.digest });
    expect((await leaver.get('/v1/offboarding').expect(200)).body).toMatchObject({
      exportDigest: taken.digest,
      exportRevision: taken.manifest['revision'],
      next: 'request_erasure',
    });
    const before = await rowsOf(system, other.id);
    const held = (await rowsOf(system, leaver.id)).filter((row) => !row.startsWith('ledger_')).length;
    const openings = taken.rows.filter(({ table }) => table === 'ledger_openings').length;
    const { body: erasing } = await leaver
      .post('/v1/offboarding/erasure', { exportDigest: taken.digest })
      .expect(202);
    expect(erasing).toMatchObject({ state: 'erasing', next: 'wait' });
    await offboarded(system, leaver.id);

    const left = (await rowsOf(system, leaver.id)).map((row) => row.split(' ')[0]);
    expect([...new Set(left)].sort()).toEqual(['ledger_counters', 'ledger_entries', 'ledger_trees']);
    expect(await rowsOf(system, other.id)).toEqual(before);
    await expect.poll(async () => (await leaver.get('/v1/offboarding')).status, { timeout: 5_000 }).toBe(401);
    for (const key of [...keys, token]) await decide(key).expect(401);
    const [tenant] = await ask<Record<string, unknown>>(system, 'select * from tenants where id = $1', [
      leaver.id,
    ]);
    expect(tenant).toMatchObject({ slug: 'leaver', name: '', state: 'offboarded' });
    expect(tenant?.['offboarded_at']).toBeInstanceOf(Date);
    const operator = system.as(system.operatorKey);
    const again = await operator.post('/v1/tenants', { slug: 'leaver', name: 'x' }).expect(409);
    expect(again.body.code).toBe('tenant.slug_taken');

    const final = await publicLog(system, leaver.id);
    const last = JSON.parse(final.entries.at(-1) ?? '') as { kind: string; data: object };
    expect(last).toMatchObject({ kind: 'tenant.offboarded', data: { rows: held + openings } });
    expect(JSON.parse(final.entries.at(-2) ?? '')).toMatchObject({
      kind: 'tenant.exported',
      data: { digest: taken.digest, rows: taken.rows.length },
    });
    // The final checkpoint signs all of it, and an earlier one the beginning of the same.
    expect(await verifies(leaver.verifierKey, final.checkpoint, final.entries)).toBe(true);
    expect(earlier.size).toBeGreaterThan(5);
    expect(await verifies(leaver.verifierKey, earlier.checkpoint, final.entries.slice(0, earlier.size))).toBe(
      true,
    );
    expect(await verifies(leaver.verifierKey, final.checkpoint, final.entries.slice(0, -1))).toBe(false);
    // What it took with it is the same log.
    const entries = taken.rows.filter(({ table }) => table === 'ledger_entries');
    const exported = taken.text.split('\n').filter((line) => line.startsWith('{"table":"ledger_entries"'));
    expect(entries).toHaveLength(final.size - 2);
    expect(exported.map((line) => /"entry": (.*)}}$/.exec(line)?.[1])).toEqual(final.entries.slice(0, -2));
    const [tree] = await ask<{ key: number }>(
      system,
      'select length(sealed_key) as key from ledger_trees where tenant_id = $1',
      [leaver.id],
    );
    expect(tree).toEqual({ key: 0 });
    expect(system.logs()).not.toMatch(/"level":"(error|fatal)"/);
  }, 60_000);
});

describe('a tenant that is leaving', () => {
  let system: TestSystem;
  let admin: Tenant;

  beforeAll(async () => {
    system = await startWithStore();
    admin = await inhabit(system, 'acme');
  });
  afterAll(() => system.stop());

  const begin = (body: object) => admin.post('/v1/offboarding', body);
  const code = async (request: supertest.Test, status: number) => (await refused(request, status)).code;

  it('said so by its name, and did nothing else before that', async () => {
    expect(await code(begin({ confirm: 'Acme' }), 400)).toBe('tenant.not_confirmed');
    expect(await code(begin({}), 400)).toBe('body.invalid');
    expect(await code(begin({ confirm: 'acme', abandonOpenWork: 'yes' }), 400)).toBe('body.invalid');
    expect(await code(admin.delete('/v1/offboarding'), 409)).toBe('tenant.not_offboarding');
    expect(await code(admin.get('/v1/offboarding/export'), 409)).toBe('tenant.not_offboarding');
    const erasure = admin.post('/v1/offboarding/erasure', { exportDigest: 'a'.repeat(64) });
    expect(await code(erasure, 409)).toBe('tenant.not_offboarding');
    expect(await code(admin.post('/v1/offboarding/erasure', { exportDigest: 'A' }), 400)).toBe(
      'body.invalid',
    );
    expect((await admin.get('/v1/offboarding').expect(200)).body).toEqual({
      state: 'active',
      since: null,
      exportDigest: null,
      exportRevision: null,
      next: 'begin_offboarding',
    });
  });

  it('owes nobody anything, or says that it abandons what it owes', async () => {
    await system.stopWorker();
    await deletion(admin, people[0] ?? '');
    const withdrawal = { subject: person(people[1] ?? ''), purpose: 'ads', action: 'withdraw' };
    await admin.post('/v1/consents', withdrawal).expect(201);
    const { body } = await begin({ confirm: 'acme' }).expect(409);
    expect(body).toMatchObject({ code: 'tenant.work_open', detail: expect.stringMatching(/^2 requests/) });
    await begin({ confirm: 'acme', abandonOpenWork: true }).expect(201);
    const feed = (await admin.get('/v1/feed?limit=1000').expect(200)).body as {
      kind: string;
      data: object;
    }[];
    expect(feed.at(-1)).toMatchObject({
      kind: 'tenant.offboarding',
      data: { change: 'begun', abandoned: 2 },
    });
    // What is abandoned still goes on until the erasure begins.
    await system.startWorker();
    await admin.until(
      '/v1/obligations',
      (list: { settledAt: string | null }[]) =>
        list.length === 2 && list.every(({ settledAt }) => settledAt !== null),
    );
    await admin.until('/v1/requests', (list: { state: string }[]) =>
      list.every(({ state }) => state === 'completed'),
    );
    await admin.delete('/v1/offboarding').expect(204);
    await begin({ confirm: 'acme' }).expect(201);
    await admin.delete('/v1/offboarding').expect(204);
  });

  it('is read only, and may stay after all', async () => {
    const service = String(
      (await admin.post('/v1/keys', { role: 'service', name: 's' }).expect(201)).body.key,
    );
    await begin({ confirm: 'acme' }).expect(201);
    const consent = { subject: person(people[2] ?? ''), purpose: 'ads', action: 'grant' };
    const subject = person('new@example.org');
    for (const request of [
      admin.post('/v1/policy/plans', 'purposes: {}'),
      admin.post('/v1/consents', consent),
      admin.post('/v1/requests', { kind: 'deletion', subject }),
      admin.post('/v1/subjects', { subject }),
      admin.post('/v1/keys', { role: 'service', name: 'x' }),
      admin.post('/v1/stores/rows/rescans', {}),
      admin.post('/v1/retention/sweeps', {}),
      system.as(service).post('/v1/consents', consent),
      system.as(service).post('/v1/decisions', { subject, purpose: 'ads' }),
    ])
      expect(await code(request, 403)).toBe('tenant.offboarding');
    await admin.get('/v1/policy').expect(200);
    expect(await code(begin({ confirm: 'acme' }), 409)).toBe('tenant.not_active');
    await admin.delete('/v1/offboarding').expect(204);
    await admin.post('/v1/consents', consent).expect(201);
    await system.as(service).post('/v1/decisions', { subject, purpose: 'ads' }).expect(200);
  });

  it('is erased with the digest of its last export only', async () => {
    const erase = (exportDigest: string) => admin.post('/v1/offboarding/erasure', { exportDigest });
    await begin({ confirm: 'acme' }).expect(201);
    expect(await code(erase('a'.repeat(64)), 409)).toBe('tenant.not_exported');
    const before = await takeExport(admin);
    await admin.delete('/v1/offboarding').expect(204);
    await begin({ confirm: 'acme' }).expect(201);
    expect(await code(erase(before.digest), 409)).toBe('tenant.not_exported');
    const first = await takeExport(admin);
    await takeExport(admin);
    expect(await code(erase(first.digest), 409)).toBe('tenant.not_exported');
    expect((await admin.get('/v1/offboarding').expect(200)).body).toMatchObject({ next: 'request_erasure' });
    await admin.delete('/v1/offboarding').expect(204);
  });

  it('gets its export as a file, with the people in it by name', async () => {
    await begin({ confirm: 'acme' }).expect(201);
    const { headers, rows, text } = await takeExport(admin);
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const names = rows.filter(({ table }) => table === 'subject_identifiers').map(({ row }) => row['value']);
    // The first was erased, and is known by nothing but a keyed hash.
    expect([...names].sort()).toEqual(people.slice(1).sort());
    expect(text).not.toContain(people[0]);
    await admin.delete('/v1/offboarding').expect(204);
  });
});

describe('an export over HTTP', () => {
  let system: TestSystem;
  let admin: Tenant;
  let port: number;
  let key: string;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    admin = await createTenant(system, 'acme');
    key = String((await admin.post('/v1/keys', { role: 'administrator', name: 'a' }).expect(201)).body.key);
    await ask(
      system,
      `insert into consent_states (tenant_id, subject_ref, purpose, action, since, number)
       select $1, gen_random_uuid(), repeat('x', 200), 'grant', now(), n from generate_series(1, 30000) n`,
      [admin.id],
    );
    await admin.post('/v1/offboarding', { confirm: 'acme' }).expect(201);
    await system.api.listen(0, '127.0.0.1');
    port = (system.api.getHttpServer().address() as AddressInfo).port;
  });
  afterAll(() => system.stop());

  /** Reads until the first bytes have come, and then no further. `end` tells how it ended. */
  const beginning = () =>
    new Promise<{ readonly response: IncomingMessage; readonly end: Promise<unknown> }>((resolve, reject) => {
      const request = get(
        { port, path: '/v1/offboarding/export', headers: { authorization: `Bearer ${key}` } },
        (response) => {
          const end = new Promise((tell) => {
            response.once('end', () => {
              tell('whole');
            });
            response.once('error', (error: Error & { readonly code?: string }) => {
              tell(error.code);
            });
          });
          response.once('data', () => {
            response.pause();
            resolve({ response, end });
          });
        },
      );
      request.once('error', reject);
    });
  const open = async () =>
    (
      await ask(
        system,
        "select 1 from pg_stat_activity where datname = $1 and state like 'idle in transaction%'",
        [system.database.name],
      )
    ).length;
  const record = async () =>
    (await ask(system, 'select export_digest from tenants where id = $1', [admin.id]))[0];

  it('waits for a reader who pauses, and ends with one who leaves', async () => {
    const { response } = await beginning();
    await expect.poll(open).toBe(1);
    response.destroy();
    await expect.poll(open).toBe(0);
    expect(await record()).toEqual({ export_digest: null });
  });

  it('that fails half way is cut off, never ended as if it were whole', async () => {
    const { response, end } = await beginning();
    await expect.poll(open).toBe(1);
    const cut = () =>
      ask(
        system,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state like 'idle in transaction%'",
        [system.database.name],
      );
    // It may be fetching at the moment.
    await expect.poll(async () => (await cut()).length).toBe(1);
    response.resume();
    expect(await end).toBe('ECONNRESET');
    expect(await record()).toEqual({ export_digest: null });
    const { digest } = await takeExport(admin);
    expect(await record()).toEqual({ export_digest: digest });
  });
});

describe('an erasure', () => {
  let system: TestSystem;
  let leaver: Tenant;
  let other: Tenant;

  beforeAll(async () => {
    system = await startWithStore();
    [leaver, other] = [await inhabit(system, 'leaver'), await inhabit(system, 'other')];
  });
  afterAll(() => system.stop());

  it('does not wait for the lane that works on its store, and no other tenant suffers', async () => {
    const holder = new Database({ connectionString: system.database.ownerUrl });
    await holder.connect();
    await holder.query('begin; lock table host.clicks in access exclusive mode');
    const [value = ''] = people;
    const ours = await deletion(leaver, value);
    await expect
      .poll(async () => (await ask(system, 'select 1 from batches where settled_at is null')).length)
      .toBe(1);
    const theirs = await deletion(other, value);
    await leaver.post('/v1/offboarding', { confirm: 'leaver', abandonOpenWork: true }).expect(201);
    await leaver.until(`/v1/requests/${ours}`, ({ state }: { state: string }) => state === 'running');
    const { digest } = await takeExport(leaver);
    await leaver.post('/v1/offboarding/erasure', { exportDigest: digest }).expect(202);
    await offboarded(system, leaver.id);
    const final = await publicLog(system, leaver.id);
    await holder.query('commit');
    await holder.end();
    await settled(other, theirs);
    expect((await other.get(`/v1/requests/${theirs}`).expect(200)).body.state).toBe('completed');
    // The lane had the leaver's obligation in hand: its rows are gone from the store, and nobody's record says more.
    expect(await publicLog(system, leaver.id)).toEqual(final);
    expect((await rowsOf(system, leaver.id)).map((row) => row.split(' ')[0])).not.toContain('obligations');
    expect(await verifies(leaver.verifierKey, final.checkpoint, final.entries)).toBe(true);
    expect(await ask(system, 'select 1 from batches where settled_at is null')).toEqual([]);
    expect(system.logs()).not.toMatch(/"level":"(error|fatal)"/);
  }, 60_000);

  it('whose bell was lost is found by the reconciler', async () => {
    await system.stopWorker();
    await other.post('/v1/offboarding', { confirm: 'other' }).expect(201);
    const { digest } = await takeExport(other);
    await other.post('/v1/offboarding/erasure', { exportDigest: digest }).expect(202);
    // Again, and nothing happens twice.
    await other.post('/v1/offboarding/erasure', { exportDigest: digest }).expect(202);
    expect(
      await ask(system, "delete from outbox where kind = 'erase-tenant' returning 1 as bell"),
    ).toHaveLength(2);
    await system.startWorker();
    await offboarded(system, other.id);
    const final = await publicLog(system, other.id);
    expect(await verifies(other.verifierKey, final.checkpoint, final.entries)).toBe(true);
    expect(system.logs()).not.toMatch(/"level":"(error|fatal)"/);
  }, 60_000);
});
