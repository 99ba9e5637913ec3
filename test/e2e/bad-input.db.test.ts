import supertest from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canary, pointers, refused, unchanged } from './refusals.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const person = { type: 'email', value: canary };
const grant = { subject: person, purpose: 'recommendations', action: 'grant' };
const question = { subject: person, purpose: 'recommendations' };
const policy = `
purposes:
  recommendations: { title: R, legalBasis: consent, notice: { version: v1, text: We recommend. } }
  billing: { title: B, legalBasis: contract }
  fraud: { title: F, legalBasis: legitimate_interest }
retention: { old: { keep: P1Y } }
`;
const deep = 50_000;

describe('what cannot be right', () => {
  let system: TestSystem;
  let admin: Client;
  let adminKey: string;
  let holds: () => Promise<void>;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    const operator = system.as(system.operatorKey);
    const { body } = await operator.post('/v1/tenants', { slug: 'acme', name: 'Acme' }).expect(201);
    adminKey = String(body.administratorKey);
    admin = system.as(adminKey);
    await admin.applyPolicy(policy);
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    holds = await unchanged(system);
  });
  afterEach(() => holds());

  const raw = (path: string, type: string, body: string) =>
    supertest(system.api.getHttpServer())
      .post(path)
      .set('authorization', `Bearer ${adminKey}`)
      .set('content-type', type)
      .send(body);

  const without = (member: string) =>
    Object.fromEntries(Object.entries(grant).filter(([name]) => name !== member));
  const bodies: readonly (readonly [what: string, path: string, body: object, pointer: string])[] = [
    ['an unknown member', '/v1/consents', { ...grant, force: true }, '/force'],
    [
      'an unknown member inside',
      '/v1/consents',
      { ...grant, subject: { ...person, name: 'x' } },
      '/subject/name',
    ],
    ['a member with a slash in it', '/v1/consents', { ...grant, 'a/b~c': 1 }, '/a~1b~0c'],
    ['no subject', '/v1/consents', without('subject'), '/subject'],
    ['a subject that is null', '/v1/consents', { ...grant, subject: null }, '/subject'],
    ['a subject that is a text', '/v1/consents', { ...grant, subject: canary }, '/subject'],
    ['a subject that is a list', '/v1/consents', { ...grant, subject: [] }, '/subject'],
    [
      'a number for a key',
      '/v1/consents',
      { ...grant, subject: { type: 'email', value: 0 } },
      '/subject/value',
    ],
    [
      'a type of another form',
      '/v1/consents',
      { ...grant, subject: { type: 'E-Mail', value: canary } },
      '/subject/type',
    ],
    [
      'a key too long',
      '/v1/consents',
      { ...grant, subject: { type: 'email', value: 'x'.repeat(1_025) } },
      '/subject/value',
    ],
    [
      'nobody, for a consent',
      '/v1/consents',
      { ...grant, subject: { type: 'email', value: '' } },
      '/subject/value',
    ],
    [
      'nobody, for a decision',
      '/v1/decisions',
      { ...question, subject: { type: 'email', value: '' } },
      '/subject/value',
    ],
    ['a number for a purpose', '/v1/consents', { ...grant, purpose: 7 }, '/purpose'],
    ['a purpose too long', '/v1/consents', { ...grant, purpose: 'x'.repeat(64) }, '/purpose'],
    ['no action', '/v1/consents', without('action'), '/action'],
    ['an unknown action', '/v1/consents', { ...grant, action: 'maybe' }, '/action'],
    ['a list of actions', '/v1/consents', { ...grant, action: ['grant'] }, '/action'],
    ['a null for what may be left out', '/v1/consents', { ...grant, noticeVersion: null }, '/noticeVersion'],
    ['a null for a version', '/v1/policy/plans', { version: null }, '/version'],
    ['a number for a moment', '/v1/consents', { ...grant, occurredAt: 1 }, '/occurredAt'],
    ['an object for a moment', '/v1/consents', { ...grant, occurredAt: { toString: 1 } }, '/occurredAt'],
    ['a day that is none', '/v1/consents', { ...grant, occurredAt: '2026-02-30T00:00:00Z' }, '/occurredAt'],
    ['a day for a moment', '/v1/consents', { ...grant, occurredAt: '2026-02-03' }, '/occurredAt'],
    ['a notice too long', '/v1/consents', { ...grant, noticeVersion: 'x'.repeat(65) }, '/noticeVersion'],
    ['an empty channel', '/v1/consents', { ...grant, channel: '' }, '/channel'],
    ['a number for a revision', '/v1/decisions', { ...question, revision: 1.42 }, '/revision'],
    ['a revision too long', '/v1/decisions', { ...question, revision: '1.'.padEnd(40, '1') }, '/revision'],
    [
      'a text for a switch',
      '/v1/decisions',
      { ...question, globalPrivacyControl: 'false' },
      '/globalPrivacyControl',
    ],
    ['a text for a dry run', '/v1/retention/sweeps', { dryRun: 'false' }, '/dryRun'],
    ['another kind of request', '/v1/requests', { kind: 'export', subject: person }, '/kind'],
    ['nobody in a batch', '/v1/requests/batch', { kind: 'deletion', subjects: [] }, '/subjects'],
    [
      'too many in a batch',
      '/v1/requests/batch',
      { kind: 'deletion', subjects: Array.from({ length: 10_001 }, () => person) },
      '/subjects',
    ],
    [
      'one of a batch',
      '/v1/requests/batch',
      { kind: 'deletion', subjects: [person, person, { type: 'email' }] },
      '/subjects/2/value',
    ],
    ['an object for a batch', '/v1/signals/guard', { subjects: { 0: person } }, '/subjects'],
    ['a role that nobody may issue', '/v1/keys', { role: 'operator', name: 'x' }, '/role'],
    [
      'a date that is none',
      '/v1/keys',
      { role: 'service', name: 'x', expiresAt: '2026-02-30T00:00:00Z' },
      '/expiresAt',
    ],
    [
      'a date of a form that few read',
      '/v1/keys',
      { role: 'service', name: 'x', expiresAt: '20260101T000000Z' },
      '/expiresAt',
    ],
    ['a date by week', '/v1/keys', { role: 'service', name: 'x', expiresAt: '2026-W01-1' }, '/expiresAt'],
    [
      'a date too far',
      '/v1/keys',
      { role: 'service', name: 'x', expiresAt: '+275760-09-14T00:00:00Z' },
      '/expiresAt',
    ],
    ['an empty name', '/v1/keys', { role: 'service', name: '' }, '/name'],
    ['a name that no database can hold', '/v1/keys', { role: 'service', name: 'a\u0000b' }, '/name'],
  ];

  it.each(bodies)('is refused with its place: %s (%s)', async (_, path, body, pointer) => {
    const problem = await refused(admin.post(path, body), 400);
    expect(problem.code).toBe('body.invalid');
    expect(pointers(problem)).toContain(pointer);
  });

  it('is refused with every place at once', async () => {
    const problem = await refused(admin.post('/v1/consents', { subject: {}, purpose: 1, extra: 1 }), 400);
    expect(pointers(problem)).toEqual(['/action', '/extra', '/purpose', '/subject/type', '/subject/value']);
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=1001', '/limit'],
    ['limit=ten', '/limit'],
    ['limit=1&limit=2', '/limit'],
    ['after=1', '/after'],
    ['after[]=x', '/after[]'],
    ['batch=%27', '/batch'],
    ['state=received', '/state'],
  ])('is refused in a query: ?%s', async (query, pointer) => {
    expect(pointers(await refused(admin.get(`/v1/requests?${query}`), 400))).toContain(pointer);
  });

  it.each([
    [
      'nobody but blanks',
      { ...grant, subject: { type: 'email', value: ' ' } },
      'identifier.invalid',
      '/subject/value',
    ],
    ['an unknown purpose', { ...grant, purpose: 'training' }, 'purpose.unknown', '/purpose'],
    ['a name that every object has', { ...grant, purpose: 'constructor' }, 'purpose.unknown', '/purpose'],
    [
      'consent where a contract is the basis',
      { ...grant, purpose: 'billing' },
      'consent.not_needed',
      '/purpose',
    ],
    [
      'consent where an interest is the basis',
      { ...grant, purpose: 'fraud' },
      'consent.not_needed',
      '/purpose',
    ],
    ['an unknown notice', { ...grant, noticeVersion: 'v2' }, 'notice.unknown', '/noticeVersion'],
    [
      'a notice where there is none',
      { ...grant, purpose: 'fraud', action: 'object', noticeVersion: 'v1' },
      'notice.unknown',
      '/noticeVersion',
    ],
  ])('is refused by the rules: %s', async (_, body, code, pointer) => {
    expect(await refused(admin.post('/v1/consents', body), 400)).toMatchObject({ code, pointer });
  });

  it.each([
    ['1.999999', 'revision.unknown'],
    ['2.1', 'revision.unknown'],
    ['999999999.0', 'revision.unknown'],
    ['latest', 'revision.invalid'],
    ['1', 'revision.invalid'],
    ['1.', 'revision.invalid'],
    ['01.1', 'revision.invalid'],
    ['1.01', 'revision.invalid'],
    ['-1.1', 'revision.invalid'],
    ['1.1e3', 'revision.invalid'],
    ['1.9999999999999999', 'revision.invalid'],
    [' 1.1', 'revision.invalid'],
  ])('is refused as a revision: %j', async (revision, code) => {
    const problem = await refused(admin.post('/v1/decisions', { ...question, revision }), 400);
    expect(problem).toMatchObject({ code, pointer: '/revision' });
  });

  it.each([
    ['half a text', '{"subject":', 400],
    ['nothing', '', 400],
    ['a prototype', '{"__proto__":{"admin":true}}', 400],
    ['a constructor', '{"constructor":{"prototype":{"admin":true}}}', 400],
    ['a list', '[]', 400],
    ['a number', '1', 400],
    ['null', 'null', 400],
    ['a member given twice, of which one is wrong', '{"kind":"deletion","kind":"other"}', 400],
    ['lists in lists in lists', `{"subject":${'['.repeat(deep)}${']'.repeat(deep)}}`, 400],
    ['objects in objects', `${'{"subject":'.repeat(deep)}1${'}'.repeat(deep)}`, 400],
    ['five megabytes', `{"subject":"${'x'.repeat(5 * 1_048_576)}"}`, 413],
  ])('is refused as JSON: %s', async (_, body, status) => {
    await refused(raw('/v1/requests', 'application/json', body), status);
  });

  it.each([
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ])('is refused as %s', async (type) => {
    await refused(raw('/v1/requests', type, 'kind=deletion'), 415);
  });

  it.each([
    ['get', '/v1/nothing'],
    ['get', '/'],
    ['get', '/v1/requests/not-an-id'],
    ['get', '/v1/requests/%00'],
    ['get', `/v1/requests/${'9'.repeat(200)}`],
    ['get', '/ledger/../../etc/passwd/tile/0/000'],
    ['delete', '/v1/policy'],
    ['delete', '/v1/keys/%27%20or%201=1'],
  ] as const)('is not found: %s %s', async (method, path) => {
    await refused(admin[method](path), 404);
  });

  it('is not a path at all', async () => {
    await refused(admin.get('/v1/requests/%E0%A4%A'), 400);
  });

  it('is refused to sweep where no rule removes anything that is registered', async () => {
    for (const dryRun of [true, false]) {
      const problem = await refused(admin.post('/v1/retention/sweeps', { dryRun }), 409);
      expect(problem).toMatchObject({ code: 'retention.no_rules' });
    }
  });
});

describe('a tenant without a policy', () => {
  it('is told to apply one, and denied everything', async () => {
    const system = await startTestSystem({ worker: false });
    try {
      const bare = await createTenant(system, 'bare');
      for (const [path, body] of [
        ['/v1/consents', grant],
        ['/v1/requests', { kind: 'deletion', subject: person }],
        ['/v1/retention/sweeps', { dryRun: true }],
      ] as const)
        expect((await bare.post(path, body).expect(409)).body.code).toBe('policy.missing');
      const { body } = await bare.post('/v1/decisions', question).expect(200);
      expect(body).toMatchObject({ effect: 'deny', reason: 'policy.missing' });
    } finally {
      await system.stop();
    }
  });
});
