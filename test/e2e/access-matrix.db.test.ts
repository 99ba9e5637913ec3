import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { issueOperatorKey, keyRoles } from '#access';
import { systemIds } from '#kernel';
import { withClient } from '#testing';
import {
  byKey,
  byToken,
  call,
  issueKeys,
  makeSigner,
  signFor,
  trustHost,
  trustProvider,
  type Headers,
} from './callers.js';
import { dataMap, policyOf } from './documents.js';
import { failedObligation } from './failed-obligation.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

interface Row {
  readonly in: 'anyone' | readonly string[];
  readonly 'other subject'?: number | 'unseen';
  readonly 'other tenant'?: number | 'unseen';
}

const matrix = parse(readFileSync(join(import.meta.dirname, 'access-matrix.yaml'), 'utf8')) as Record<
  string,
  Row
>;
const roles = ['operator', ...keyRoles, 'person'];
const staff = ['administrator', 'privacy_officer', 'auditor', 'support'];
const [ann, bob] = ['ann@example.org', 'bob@example.org'];
const host = 'https://app.example';
const provider = 'https://id.example';
/** What an operation needs before it looks for what it is about. */
const bodies: Readonly<Record<string, object>> = {
  '/v1/policy/plans/{id}/approval': { reason: 'as agreed in the meeting' },
  '/v1/policy/plans/{id}/application': { digest: 'x' },
  '/v1/holds/{id}/lift': { reason: 'the matter is closed' },
  '/v1/stores/{name}/pause': { reason: 'the store is being moved' },
  '/v1/obligations/{id}/close': { reason: 'the store is gone for good' },
  '/v1/subjects/{ref}/merge': { into: '018f2f3c-5e8d-7a1b-9c55-0a1b2c3d4e5f' },
  '/v1/subjects/{ref}/split': { identifiers: [{ type: 'email', value: 'ann@example.org' }] },
  '/v1/subjects/{ref}/age': { bornOn: '2015-01-01', jurisdiction: 'eu' },
  '/v1/subjects/{ref}/guardians': { guardian: { type: 'email', value: 'gil@example.org' }, proof: 'a form' },
};
/** What the caller learns about access from a status; a fault of ours is none of these. */
function seen(status: number): string | number {
  if (status === 401 || status === 403) return status;
  return status < 500 ? 'in' : `failed with ${status}`;
}

const split = (operation: string) => {
  const [method = '', path = ''] = operation.split(' ');
  return { method, path };
};

describe('the access matrix', () => {
  let system: TestSystem;
  let operations: readonly string[];
  let acme: Client & { readonly id: string };
  let callers: ReadonlyMap<string, Headers>;
  let strangers: ReadonlyMap<string, Headers>;
  let staffTokens: ReadonlyMap<string, Headers>;
  /** The same roles in another tenant. */
  let others: ReadonlyMap<string, Headers>;
  let bobs: Headers;
  /** Real things of the tenant, by operation: what somebody else must not reach. */
  let targets: Readonly<Record<string, string>>;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    const { body } = await supertest(system.api.getHttpServer()).get('/docs-json').expect(200);
    operations = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    acme = await createTenant(system, 'acme');
    await acme.applyPolicy(policyOf('acme'));
    await acme.put('/v1/data-map', dataMap).expect(200);
    const own = await trustHost(acme, host);
    const idp = await trustProvider(acme, provider, staff);
    bobs = byToken(await signFor(own.signer, bob), 'acme');
    callers = new Map([
      ['operator', byKey(system.operatorKey)],
      ...(await issueKeys(acme)),
      ['person', byToken(await signFor(own.signer, ann), 'acme')],
    ]);
    const tokens = new Map<string, Headers>();
    for (const role of staff)
      tokens.set(role, byToken(await signFor(idp.signer, role, { groups: [role, 'chess'] }), 'acme'));
    staffTokens = tokens;
    const umbrella = await createTenant(system, 'umbrella');
    const theirs = await trustHost(umbrella, host);
    others = new Map([
      ...(await issueKeys(umbrella)),
      ['person', byToken(await signFor(theirs.signer, ann), 'umbrella')],
    ]);
    strangers = await makeStrangers(acme, own.signer, theirs.signer);
    targets = await makeTargets(acme);
  });
  afterAll(() => system.stop());

  async function makeStrangers(
    admin: Client,
    own: Awaited<ReturnType<typeof makeSigner>>,
    theirs: Awaited<ReturnType<typeof makeSigner>>,
  ): Promise<ReadonlyMap<string, Headers>> {
    const issue = async (expiresAt?: string) =>
      (await admin.post('/v1/keys', { role: 'administrator', name: 'x', expiresAt }).expect(201)).body as {
        id: string;
        key: string;
      };
    const [revoked, live] = [await issue(), await issue()];
    await admin.delete(`/v1/keys/${revoked.id}`).expect(204);
    const gone = await trustHost(admin, 'https://gone.example');
    await admin.delete(`/v1/issuers/${gone.id}`).expect(204);
    const past = Math.floor(Date.now() / 1_000) - 600;
    return new Map<string, Headers>([
      ['no credentials', {}],
      // A prefix that exists, with a secret of the right form that is not its own.
      ['unknown key', byKey(live.key.slice(0, -43) + revoked.key.slice(-43))],
      ['revoked key', byKey(revoked.key)],
      ['expired key', byKey((await issue(new Date(Date.now() - 1).toISOString())).key)],
      ['expired token', byToken(await signFor(own, ann, { iat: past, exp: past + 300 }), 'acme')],
      ['token for another audience', byToken(await signFor(own, ann, { aud: 'shop' }), 'acme')],
      ['token of a revoked issuer', byToken(await signFor(gone.signer, ann), 'acme')],
      ["token of another tenant's issuer", byToken(await signFor(theirs, ann), 'acme')],
      ['token of a stranger', byToken(await signFor(await makeSigner(host, 'lethe'), ann), 'acme')],
      ['token without a tenant', byKey(await signFor(own, ann))],
      ['token for a tenant that does not exist', byToken(await signFor(own, ann), 'nobody')],
    ]);
  }

  /** An operator's access to the tenant, approved by another operator. */
  async function breakGlass(tenant: string, role: string): Promise<{ id: string; headers: Headers }> {
    const second = await withClient(system.database.ownerUrl, (client) =>
      issueOperatorKey(client, systemIds, new Date(), 'second'),
    );
    const path = `/v1/tenants/${tenant}/break-glass`;
    const reason = 'the database was restored';
    const asked = await system.as(system.operatorKey).post(path, { role, reason, minutes: 5 }).expect(201);
    const id = String(asked.body.id);
    await system.as(second).post(`${path}/${id}/approval`, {}).expect(200);
    return {
      id,
      headers: { ...byKey(system.operatorKey), 'lethe-tenant': tenant, 'lethe-break-glass': id },
    };
  }

  async function makeTargets(
    admin: Client & { readonly id: string },
  ): Promise<Readonly<Record<string, string>>> {
    const subject = { type: 'email', value: ann };
    const id = async (path: string, body: object, name = 'id') =>
      String(((await admin.post(path, body)).body as Record<string, unknown>)[name]);
    const request = await id('/v1/requests', { kind: 'deletion', subject });
    const key = await id('/v1/keys', { role: 'auditor', name: 'target' });
    const bob = { type: 'email', value: 'bob@example.org' };
    await admin.post('/v1/subjects', { subject: bob }).expect(201);
    const { body } = await admin.get(`/v1/requests/${request}`).expect(200);
    const subjectRef = String(body.subjectRef);
    const plan = `/v1/policy/plans/${await id('/v1/policy/plans', { document: policyOf('next') })}`;
    const wanted = {
      basis: 'legal_claims',
      matter: '2026-114',
      reason: 'a court asked for it',
      scope: { subjects: [bob] },
    };
    const hold = `/v1/holds/${await id('/v1/holds', wanted)}`;
    const previews = '/v1/requests/previews';
    const asked = await call(system, 'POST', previews, callers.get('person') ?? {}, { subjects: [subject] });
    const failed = `/v1/obligations/${await failedObligation(system, admin.id)}`;
    return {
      '/v1/obligations/{id}/retry': `${failed}/retry`,
      '/v1/obligations/{id}/close': `${failed}/close`,
      '/v1/holds/{id}': hold,
      '/v1/holds/{id}/lift': `${hold}/lift`,
      '/consent-records/{tenant}/keys': `/consent-records/${admin.id}/keys`,
      '/v1/policy/versions/{version}': '/v1/policy/versions/1',
      '/v1/policy/plans/{id}': plan,
      '/v1/policy/plans/{id}/approval': `${plan}/approval`,
      '/v1/policy/plans/{id}/application': `${plan}/application`,
      '/v1/keys/{id}': `/v1/keys/${key}`,
      '/v1/keys/{id}/rotation': `/v1/keys/${key}/rotation`,
      '/v1/break-glass/{id}': `/v1/break-glass/${(await breakGlass(admin.id, 'auditor')).id}`,
      '/v1/replica/changes': '/v1/replica/changes?after=1.1',
      '/v1/subjects/{ref}': `/v1/subjects/${subjectRef}`,
      '/v1/subjects/{ref}/consents': `/v1/subjects/${subjectRef}/consents`,
      '/v1/subjects/{ref}/consents/history': `/v1/subjects/${subjectRef}/consents/history`,
      '/v1/subjects/{ref}/merge': `/v1/subjects/${subjectRef}/merge`,
      '/v1/subjects/{ref}/split': `/v1/subjects/${subjectRef}/split`,
      '/v1/subjects/{ref}/age': `/v1/subjects/${subjectRef}/age`,
      '/v1/subjects/{ref}/guardians': `/v1/subjects/${subjectRef}/guardians`,
      '/v1/subjects/{ref}/guardians/{guardian}': `/v1/subjects/${subjectRef}/guardians/${subjectRef}`,
      '/v1/subjects/{ref}/consents/records': `/v1/subjects/${subjectRef}/consents/records`,
      '/v1/subjects/{ref}/explain': `/v1/subjects/${subjectRef}/explain`,
      '/v1/issuers/{id}': `/v1/issuers/${(await trustHost(admin, 'https://target.example')).id}`,
      '/v1/stores/{name}/rescans': '/v1/stores/rows/rescans',
      '/v1/stores/{name}/pause': '/v1/stores/rows/pause',
      '/v1/stores/{name}/resume': '/v1/stores/rows/resume',
      '/v1/rescans/{id}': `/v1/rescans/${await id('/v1/stores/rows/rescans', {})}`,
      '/v1/requests/previews/{id}': `${previews}/${String(asked.body.id)}`,
      '/v1/requests/{id}': `/v1/requests/${request}`,
      '/v1/requests/{id}/receipt': `/v1/requests/${request}/receipt`,
      '/v1/retention/sweeps/{runId}': `/v1/retention/sweeps/${await id('/v1/retention/sweeps', { dryRun: true }, 'runId')}`,
    };
  }

  const aim = (path: string) => {
    const url = targets[path] ?? (path.includes('{') ? undefined : path);
    if (url === undefined) throw new Error(`the test has no target for ${path}`);
    return url;
  };
  const aboutAnn = (path: string) => {
    const subject = { type: 'email', value: ann };
    if (path === '/v1/decisions/batch') return { questions: [{ subject, purpose: 'ads' }] };
    if (path === '/v1/decisions/filter')
      return { purpose: 'ads', subjects: { type: subject.type, values: [subject.value] } };
    if (path === '/v1/requests/previews') return { subjects: [subject] };
    return path.endsWith('/batch')
      ? { kind: 'deletion', subjects: [subject] }
      : {
          ...(path === '/v1/requests' ? { kind: 'deletion' } : {}),
          ...(path === '/v1/consents' ? { action: 'refuse' } : {}),
          ...(path === '/v1/consents' || path === '/v1/decisions' ? { purpose: 'ads' } : {}),
          subject,
        };
  };
  const rowOf = (operation: string): Row => matrix[operation] ?? { in: [] };

  it('has one row for every operation, and no row for what is gone', () => {
    expect([...operations].sort()).toEqual(Object.keys(matrix).sort());
  });

  it('is about every route that a controller has: none is left out of the document', () => {
    const scanner = system.api.get(MetadataScanner);
    const routes = system.api
      .get(DiscoveryService)
      .getControllers()
      .flatMap(({ instance }) => {
        const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
        return scanner.getAllMethodNames(prototype).map((name) => prototype[name] ?? {});
      })
      .filter((handler) => Reflect.hasMetadata(PATH_METADATA, handler));
    expect(operations).toHaveLength(routes.length);
    expect(routes.length).toBeGreaterThan(20);
  });

  it('names roles that exist only, and says what others get wherever there is something to get', () => {
    for (const [operation, row] of Object.entries(matrix)) {
      for (const role of row.in === 'anyone' ? [] : row.in) expect(roles).toContain(role);
      const { method, path } = split(operation);
      const ofTenant = path.startsWith('/v1/') && row.in !== 'anyone' && !row.in.includes('operator');
      if (ofTenant && (method === 'GET' || path.includes('{')))
        expect(row['other tenant'], operation).toBeDefined();
      if (row.in.includes('person')) expect(row['other subject'], operation).toBeDefined();
    }
  });

  async function answersOf(headers: Headers): Promise<Record<string, unknown>> {
    const answers: Record<string, unknown> = {};
    for (const operation of operations) {
      const { method, path } = split(operation);
      const url = path.replaceAll(/\{[^}]+\}/g, () => randomUUID());
      answers[operation] = seen((await call(system, method, url, headers)).status);
    }
    return answers;
  }
  const expected = (answer: (row: Row) => unknown) =>
    Object.fromEntries(operations.map((operation) => [operation, answer(rowOf(operation))]));

  it.each(roles)('holds for %s', async (role) => {
    const row = ({ in: let_in }: Row) => (let_in === 'anyone' || let_in.includes(role) ? 'in' : 403);
    expect(await answersOf(callers.get(role) ?? {})).toEqual(expected(row));
  });

  it.each(staff)('holds for a token of the OpenID provider that leads to %s', async (role) => {
    const row = ({ in: let_in }: Row) => (let_in === 'anyone' || let_in.includes(role) ? 'in' : 403);
    expect(await answersOf(staffTokens.get(role) ?? {})).toEqual(expected(row));
  });

  it.each(['privacy_officer', 'auditor'])(
    'holds for an operator who broke the glass as %s, until the tenant ends it',
    async (role) => {
      const { id, headers } = await breakGlass(acme.id, role);
      const row = ({ in: let_in }: Row) => (let_in === 'anyone' || let_in.includes(role) ? 'in' : 403);
      expect(await answersOf(headers)).toEqual(expected(row));
      // Of this tenant alone, of this operator alone, and not without its own key.
      const elsewhere = { ...headers, 'lethe-tenant': 'umbrella' };
      await call(system, 'GET', '/v1/requests', elsewhere).expect(403);
      const byAdmin = { ...headers, ...callers.get('administrator') };
      await call(system, 'GET', '/v1/requests', byAdmin).expect(403);
      await acme.delete(`/v1/break-glass/${id}`).expect(204);
      await call(system, 'GET', '/v1/requests', headers).expect(403);
    },
  );

  it('lets no stranger in', async () => {
    for (const [name, headers] of strangers)
      expect(await answersOf(headers), name).toEqual(
        expected(({ in: let_in }) => (let_in === 'anyone' ? 'in' : 401)),
      );
  });

  it('holds for a person who asks about somebody else, and for that person', async () => {
    const about = Object.entries(matrix).filter(([, row]) => row['other subject'] !== undefined);
    expect(about.length).toBeGreaterThan(6);
    const requestId = targets['/v1/requests/{id}']?.split('/').at(-1) ?? '';
    for (const [operation, row] of about) {
      const { method, path } = split(operation);
      const ask = (headers: Headers) => call(system, method, aim(path), headers, aboutAnn(path));
      const others = await ask(bobs);
      if (row['other subject'] === 'unseen') {
        expect(others.status, operation).toBe(200);
        expect(others.text, operation).not.toContain(requestId);
        expect((await ask(callers.get('person') ?? {})).text, operation).toContain(requestId);
      } else {
        expect(others.status, operation).toBe(row['other subject']);
        const own = await ask(callers.get('person') ?? {});
        // What says 404 to others says it for another reason to the person.
        if (own.status === row['other subject']) expect(own.body.code).not.toBe(others.body.code);
        else expect(own.status, operation).not.toBe(403);
      }
    }
  });

  async function expectApart(operation: string, row: Row, role: string): Promise<void> {
    const { method, path } = split(operation);
    const answer = await call(system, method, aim(path), others.get(role) ?? {}, bodies[path]);
    if (row['other tenant'] !== 'unseen') {
      expect(answer.status, `${operation} for ${role}`).toBe(row['other tenant']);
      return;
    }
    expect(answer.status, operation).not.toBe(403);
    const theirs = [
      acme.id.slice(-12),
      ...Object.values(targets).map((url) => /[0-9a-f-]{36}/.exec(url)?.[0]),
    ];
    // A file has a body instead of a text.
    const text = Buffer.isBuffer(answer.body) ? answer.body.toString('latin1') : answer.text;
    for (const id of theirs) if (id !== undefined) expect(text, operation).not.toContain(id);
  }

  it("holds for every role of another tenant, and shows the tenant's own what is theirs", async () => {
    const named = Object.entries(matrix).filter(([, row]) => row['other tenant'] !== undefined);
    expect(named.length).toBeGreaterThan(15);
    for (const [operation, row] of named) {
      for (const role of row.in === 'anyone' ? [] : row.in) await expectApart(operation, row, role);
      const { method, path } = split(operation);
      if (method !== 'GET') continue;
      const reader = row.in.includes('administrator') ? 'administrator' : (row.in[0] ?? '');
      const own = await call(system, method, aim(path), callers.get(reader) ?? {});
      const early = ['receipt.not_issued', 'ledger.not_published', 'tenant.not_offboarding'].includes(
        String(own.body.code),
      );
      if (!early) expect(own.status, operation).toBe(200);
    }
  });

  it('reads the same whatever was wrong with the credentials', async () => {
    const live = callers.get('administrator')?.['authorization'] ?? '';
    const tellings = new Set<string>();
    const wrong: Headers[] = [
      ...strangers.values(),
      ...[
        '',
        'Bearer',
        'Bearer ',
        live.replace('Bearer', 'Basic'),
        live.slice(7),
        `${live} `.repeat(2),
        `${live}x`,
        live.slice(0, -1),
        live.toUpperCase(),
        `Bearer lethe_000000000000_${'A'.repeat(43)}`,
        `Bearer ${"' or ''='".repeat(5)}`,
        `Bearer ${'x'.repeat(10_000)}`,
        'Bearer a.b.c',
        'Bearer ..',
      ].map((authorization) => ({ authorization })),
    ];
    for (const headers of wrong) {
      const { status, text, headers: answered } = await call(system, 'GET', '/v1/keys', headers);
      expect(status, JSON.stringify(headers)).toBe(401);
      expect(answered['www-authenticate']).toBe('Bearer');
      tellings.add(text);
    }
    expect(tellings.size).toBe(1);
  });
});
