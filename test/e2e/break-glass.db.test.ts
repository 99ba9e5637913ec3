import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueOperatorKey, revokeOperatorKey } from '#access';
import { systemIds } from '#kernel';
import { withClient } from '#testing';
import { byKey, call, issueKeys, signFor, trustHost, type Headers } from './callers.js';
import { policyOf } from './documents.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const reason = 'Ticket 4711: their receipts do not verify';
const ann = { type: 'email', value: 'ann@example.org' };

interface Grant {
  readonly id: string;
  readonly state: string;
  readonly endsAt: string;
}

describe('an operator in a tenant', () => {
  let system: TestSystem;
  let acme: Client & { readonly id: string };
  let umbrella: Client & { readonly id: string };
  let asker: string;
  let approver: string;
  let made = 0;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    umbrella = await createTenant(system, 'umbrella');
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    made += 1;
    acme = await createTenant(system, `acme-${made}`);
    await acme.applyPolicy(policyOf('acme'));
    await acme.post('/v1/requests', { kind: 'deletion', subject: ann }).expect(202);
    [asker, approver] = await Promise.all([newOperator('asker'), newOperator('approver')]);
  });

  const newOperator = (name: string) =>
    withClient(system.database.ownerUrl, (client) => issueOperatorKey(client, systemIds, new Date(), name));
  const wanted = (role: string) => ({ role, reason, minutes: 30 });
  const ask = async (role = 'auditor'): Promise<Grant> => {
    const { body } = await system
      .as(asker)
      .post(`/v1/tenants/acme-${made}/break-glass`, wanted(role))
      .expect(201);
    return body as Grant;
  };
  const approve = (key: string, id: string) =>
    system.as(key).post(`/v1/tenants/acme-${made}/break-glass/${id}/approval`, {});
  const granted = async (role = 'auditor'): Promise<Grant> =>
    (await approve(approver, (await ask(role)).id).expect(200)).body as Grant;
  const breaking = (id: string, key = asker, tenant = `acme-${made}`): Headers => ({
    ...byKey(key),
    'lethe-tenant': tenant,
    'lethe-break-glass': id,
  });
  const refusedWith = async (code: string, headers: Headers, path = '/v1/requests') => {
    const answer = await call(system, 'GET', path, headers);
    expect([answer.status, answer.body.code], path).toEqual([403, code]);
  };
  const feed = async () =>
    (await acme.get('/v1/feed?after=0&limit=1000').expect(200)).body as {
      kind: string;
      data: Record<string, unknown>;
    }[];

  it('sees what the role sees, while a second operator has approved it and until the tenant ends it', async () => {
    const { id, state } = await ask();
    expect(state).toBe('requested');
    await refusedWith('break_glass.not_in_force', breaking(id));
    const pending = await system.as(approver).get(`/v1/tenants/${acme.id}/break-glass/${id}`).expect(200);
    expect(pending.body).toMatchObject({ ...wanted('auditor'), state: 'requested' });
    const { body: approved } = await approve(approver, id).expect(200);
    expect(Date.parse((approved as Grant).endsAt) - Date.now()).toBeGreaterThan(29 * 60_000);

    const seen = await call(system, 'GET', '/v1/requests', breaking(id)).expect(200);
    expect(seen.body).toEqual([expect.objectContaining({ kind: 'deletion' })]);
    expect(seen.body[0]).not.toHaveProperty('subjectRef');
    await call(system, 'GET', '/v1/policy', breaking(id, asker, acme.id)).expect(200);

    const { body: list } = await acme.get('/v1/break-glass').expect(200);
    expect(list).toEqual([expect.objectContaining({ id, ...wanted('auditor'), state: 'approved', uses: 2 })]);
    await acme.delete(`/v1/break-glass/${id}`).expect(204);
    await refusedWith('break_glass.not_in_force', breaking(id));
    const told = (await feed()).filter(({ kind }) => kind.startsWith('break_glass.'));
    expect(told.map(({ kind, data }) => [kind, data['operation']])).toEqual([
      ['break_glass.requested', undefined],
      ['break_glass.approved', undefined],
      ['break_glass.used', 'GET /v1/requests'],
      ['break_glass.used', 'GET /v1/policy'],
      ['break_glass.ended', undefined],
    ]);
    expect(JSON.stringify(told)).not.toContain('Ticket');
    expect(system.logs()).not.toContain('Ticket');
  });

  it('is in the record of the tenant before anything is done, also for what is then refused', async () => {
    const { id } = await granted();
    const refused = await call(system, 'POST', '/v1/requests', breaking(id), {
      kind: 'deletion',
      subject: ann,
    });
    expect([refused.status, refused.body.code]).toEqual([403, 'access.denied']);
    await call(system, 'GET', '/v1/requests/0b1f5c9e-7a51-4f0e-9d39-0c6c2a9b7e11', breaking(id)).expect(404);
    const used = (await feed()).filter(({ kind }) => kind === 'break_glass.used');
    // The pattern of the route, none of its values.
    expect(used.map(({ data }) => data['operation'])).toEqual(['POST /v1/requests', 'GET /v1/requests/:id']);
  });

  it('is nobody who could stay: issues no key, trusts no issuer, and hides nothing', async () => {
    const { id } = await granted('privacy_officer');
    const headers = breaking(id);
    await call(system, 'GET', '/v1/break-glass', headers).expect(200);
    for (const [method, path] of [
      ['POST', '/v1/keys'],
      ['GET', '/v1/keys'],
      ['POST', '/v1/issuers'],
      ['POST', '/v1/disclosures'],
      ['DELETE', `/v1/break-glass/${id}`],
      ['POST', `/v1/tenants/acme-${made}/break-glass`],
      ['POST', `/v1/tenants/acme-${made}/break-glass/${id}/approval`],
      ['POST', '/v1/tenants'],
    ] as const) {
      const answer = await call(system, method, path, headers);
      expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([403, 'access.denied']);
    }
    await acme
      .get('/v1/keys')
      .expect(200)
      .expect(({ body }) => {
        expect(body).toHaveLength(1);
      });
  });

  it('is refused with any other key, id or tenant, and without the headers', async () => {
    const { id } = await granted();
    const other = (await ask()).id;
    const notInForce = 'break_glass.not_in_force';
    await refusedWith(notInForce, breaking(id, approver));
    await refusedWith(notInForce, breaking(id, await newOperator('third')));
    await refusedWith(notInForce, breaking(other));
    await refusedWith(notInForce, breaking(id, asker, 'umbrella'));
    await refusedWith(notInForce, breaking(id, asker, umbrella.id));
    await refusedWith(notInForce, breaking(id, asker, 'nobody'));
    await refusedWith(notInForce, breaking('x'.repeat(5_000)));
    await refusedWith(notInForce, { ...byKey(asker), 'lethe-break-glass': id });
    await refusedWith('access.denied', { ...byKey(asker), 'lethe-tenant': acme.id });
    await refusedWith('access.denied', byKey(asker));
    for (const headers of (await issueKeys(acme)).values())
      await refusedWith(notInForce, { ...headers, 'lethe-tenant': acme.id, 'lethe-break-glass': id });
    const nobody = { 'lethe-tenant': acme.id, 'lethe-break-glass': id };
    await call(system, 'GET', '/v1/requests', nobody).expect(401);
    expect((await feed()).filter(({ kind }) => kind === 'break_glass.used')).toEqual([]);
    await umbrella
      .get('/v1/break-glass')
      .expect(200)
      .expect(({ body }) => {
        expect(body).toEqual([]);
      });
  });

  it('cannot approve their own request, nor with a key that is revoked', async () => {
    const { id } = await ask();
    const own = await approve(asker, id).expect(403);
    expect(own.body.code).toBe('break_glass.same_operator');
    await withClient(system.database.ownerUrl, (client) =>
      revokeOperatorKey(client, approver.split('_')[1] ?? '', new Date()),
    );
    await approve(approver, id).expect(401);
    await refusedWith('break_glass.not_in_force', breaking(id));
  });

  it('is out as soon as the key that asked is revoked, or any operator ends it', async () => {
    const [first, second] = [await granted(), await granted()];
    await system.as(approver).delete(`/v1/tenants/acme-${made}/break-glass/${first.id}`).expect(204);
    await refusedWith('break_glass.not_in_force', breaking(first.id));
    await call(system, 'GET', '/v1/requests', breaking(second.id)).expect(200);
    await withClient(system.database.ownerUrl, (client) =>
      revokeOperatorKey(client, asker.split('_')[1] ?? '', new Date()),
    );
    await expect
      .poll(async () => (await call(system, 'GET', '/v1/requests', breaking(second.id))).status, {
        timeout: 5_000,
      })
      .toBe(401);
  });

  it.each([
    ['a role that could issue keys', { role: 'administrator', reason, minutes: 5 }, '/role'],
    ['no time', { role: 'auditor', reason, minutes: 0 }, '/minutes'],
    ['more than four hours', { role: 'auditor', reason, minutes: 241 }, '/minutes'],
    ['half a minute', { role: 'auditor', reason, minutes: 0.5 }, '/minutes'],
    [
      'a reason that says nothing',
      { role: 'auditor', reason: `too short${' '.repeat(20)}`, minutes: 5 },
      '/reason',
    ],
    ['a novel for a reason', { role: 'auditor', reason: 'x'.repeat(501), minutes: 5 }, '/reason'],
    ['no reason', { role: 'auditor', minutes: 5 }, '/reason'],
  ])('does not get %s', async (_, body, pointer) => {
    const answer = await system.as(asker).post(`/v1/tenants/acme-${made}/break-glass`, body).expect(400);
    expect(answer.body.errors).toEqual([expect.objectContaining({ pointer })]);
    expect((await feed()).filter(({ kind }) => kind.startsWith('break_glass.'))).toEqual([]);
  });

  it('learns of no tenant that is not there', async () => {
    for (const name of ['nobody', 'a%00b', acme.id.toUpperCase()]) {
      const answer = await system.as(asker).post(`/v1/tenants/${name}/break-glass`, wanted('auditor'));
      expect([answer.status, answer.body.code], name).toEqual([404, 'tenant.unknown']);
    }
  });
});

describe('one person', () => {
  let system: TestSystem;
  let acme: Client & { readonly id: string };
  let keys: ReadonlyMap<string, Headers>;
  let ref: string;
  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    acme = await createTenant(system, 'acme');
    await acme.applyPolicy(policyOf('acme'));
    keys = await issueKeys(acme);
    const { body } = await acme.post('/v1/subjects', { subject: ann }).expect(201);
    ref = String(body.subjectRef);
    await acme.post('/v1/consents', { subject: ann, purpose: 'ads', action: 'grant' }).expect(201);
  });
  afterAll(() => system.stop());
  const by = (role: string) => keys.get(role) ?? {};

  it('sees by their own token what is held of them and what they allowed', async () => {
    const { signer } = await trustHost(acme, 'https://app.example');
    const headers = { ...byKey(await signFor(signer, ann.value)), 'lethe-tenant': 'acme' };
    const me = await call(system, 'GET', '/v1/subjects/self', headers).expect(200);
    expect(me.body).toEqual({
      subjectRef: ref,
      registeredAt: expect.any(String),
      suppressed: false,
      identifiers: [ann],
    });
    const { body: consents } = await call(system, 'GET', '/v1/subjects/self/consents', headers).expect(200);
    expect(consents).toEqual([
      { purpose: 'ads', action: 'grant', since: expect.any(String), expiresAt: null, noticeVersion: 'v1' },
    ]);
  });

  it('is shown to support for a reason, which officers read, and auditors without the person', async () => {
    const body = { subject: ann, reason };
    await call(system, 'GET', `/v1/subjects/${ref}`, by('support')).expect(404);
    const { body: shown } = await call(system, 'POST', '/v1/disclosures', by('support'), body).expect(201);
    expect(shown).toMatchObject({ subjectRef: ref, reason });
    expect(Date.parse(shown.expiresAt) - Date.parse(shown.disclosedAt)).toBe(15 * 60_000);
    const seen = await call(system, 'GET', `/v1/subjects/${ref}`, by('support')).expect(200);
    expect(seen.body).toMatchObject({ subjectRef: ref, identifiers: [ann] });
    const { body: consents } = await call(
      system,
      'GET',
      `/v1/subjects/${ref}/consents`,
      by('support'),
    ).expect(200);
    expect(consents).toMatchObject([{ purpose: 'ads', action: 'grant' }]);
    const { body: officer } = await call(system, 'GET', '/v1/disclosures', by('privacy_officer')).expect(200);
    expect(officer).toEqual([shown]);
    const auditor = await call(system, 'GET', '/v1/disclosures', by('auditor')).expect(200);
    const { id, actor, disclosedAt, expiresAt } = shown as Record<string, string>;
    expect(auditor.body).toEqual([{ id, actor, reason, disclosedAt, expiresAt }]);
    expect(system.logs()).not.toContain('Ticket');
  });

  it('who is unknown is 404 for support, and the attempt is in the ledger', async () => {
    const subject = { type: 'email', value: 'nobody@example.org' };
    const body = { subject, reason };
    const answer = await call(system, 'POST', '/v1/disclosures', by('support'), body).expect(404);
    expect(answer.body.code).toBe('subject.unknown');
    const { body: entries } = await acme.get('/v1/feed?after=0&limit=1000').expect(200);
    expect(JSON.stringify(entries)).toContain('"found":false');
    expect(JSON.stringify(entries)).not.toContain('nobody@');
  });

  it('is asked for with a reason of 10 characters or more', async () => {
    const http = supertest(system.api.getHttpServer());
    for (const short of ['', 'too short', `${' '.repeat(20)}x`, 10, null])
      await http.post('/v1/disclosures').set(by('support')).send({ subject: ann, reason: short }).expect(400);
  });
});
