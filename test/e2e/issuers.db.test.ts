import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const root = join(import.meta.dirname, '..', '..');
const policy = 'purposes: { recommendations: { title: Recommendations, legalBasis: consent } }';

/** The scripts of docs/access-tokens.md, by the name in their first line. */
function scriptsOf(document: string): ReadonlyMap<string, string> {
  const blocks = document.matchAll(/```js\n(\/\/ (\S+\.mjs)[^]*?)```/g);
  return new Map([...blocks].map(([, text = '', name = '']) => [name, text]));
}

describe('trusting an issuer', () => {
  let system: TestSystem;
  let acme: Client;
  let folder: string;
  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    acme = await createTenant(system, 'acme');
    await acme.applyPolicy(policy);
    folder = mkdtempSync(join(tmpdir(), 'lethe-issuers-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of scriptsOf(readFileSync(join(root, 'docs', 'access-tokens.md'), 'utf8')))
      writeFileSync(join(folder, name), text);
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true });
  });

  const run = (script: string, ...parameters: readonly string[]) =>
    execFileSync(process.execPath, [script, ...parameters], { cwd: folder, encoding: 'utf8' }).trim();
  const withToken = (token: string, tenant?: string) => ({
    get: (path: string) => headed(supertest(system.api.getHttpServer()).get(path), token, tenant),
    post: (path: string, body: object) =>
      headed(supertest(system.api.getHttpServer()).post(path), token, tenant).send(body),
  });
  const headed = (request: supertest.Test, token: string, tenant: string | undefined) => {
    void request.set('authorization', `Bearer ${token}`);
    return tenant === undefined ? request : request.set('lethe-tenant', tenant);
  };
  const person = (value: string) => ({ type: 'account_id', value });
  const host = {
    kind: 'host',
    issuer: 'https://other.acme.example',
    audience: 'lethe',
    algorithms: ['EdDSA'],
    identifierType: 'account_id',
  };
  const publicKey = () => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) });

  it('works as documented: a host signs, its person asks for themself, until the issuer is revoked', async () => {
    const { body: issuer } = await acme
      .post('/v1/issuers', JSON.parse(run('keys.mjs')) as object)
      .expect(201);
    const token = run('sign.mjs', '42');
    const own = { subject: person('42'), purpose: 'recommendations' };
    const ask = (tenant?: string) => withToken(token, tenant).post('/v1/decisions', own);
    expect((await ask('acme').expect(200)).body).toMatchObject({ effect: 'deny' });
    const consent = { ...own, action: 'grant' };
    await withToken(token, 'acme').post('/v1/consents', consent).expect(201);
    expect((await ask('acme').expect(200)).body).toMatchObject({ effect: 'allow' });

    const others = withToken(token, 'acme');
    for (const [path, body] of [
      ['/v1/decisions', { ...own, subject: person('43') }],
      ['/v1/consents', { ...consent, subject: person('43') }],
    ] as const)
      expect([403, 404], path).toContain((await others.post(path, body)).status);
    for (const path of ['/v1/keys', '/v1/issuers', '/v1/ledger']) await others.get(path).expect(403);

    await createTenant(system, 'umbrella');
    const refused = new Set<string>();
    for (const tenant of [undefined, '', 'umbrella', 'nobody', 'ACME'])
      refused.add((await ask(tenant).expect(401)).text);
    await acme.delete(`/v1/issuers/${String(issuer.id)}`).expect(204);
    refused.add((await ask('acme').expect(401)).text);
    expect(refused.size).toBe(1);
    expect(system.logs()).not.toContain(token.split('.')[2]);
  });

  it('is answered with all that was registered, and listed so', async () => {
    const jwks = { keys: [{ ...publicKey(), kid: 'a' }] };
    const { body } = await acme.post('/v1/issuers', { ...host, jwks }).expect(201);
    expect(body).toMatchObject({ ...host, jwks, roleClaim: null, roleMap: null, revokedAt: null });
    expect((await acme.get('/v1/issuers').expect(200)).body).toContainEqual(body);
    expect((await acme.post('/v1/issuers', { ...host, jwks }).expect(409)).body.code).toBe('issuer.exists');
  });

  it.each([
    [
      'a private key',
      { jwks: { keys: [generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })] } },
      '/jwks/keys/0/d',
    ],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'hunter2hunter2' }] } }, '/jwks/keys/0/k'],
    ['no keys', {}, '/jwks'],
    ['null for its type', { jwks: { keys: [publicKey()] }, identifierType: null }, '/identifierType'],
    ['a list for keys', { jwks: [] }, '/jwks'],
    ['http', { jwks: { keys: [publicKey()] }, issuer: 'http://acme.example' }, '/issuer'],
    ['none', { jwks: { keys: [publicKey()] }, algorithms: ['none'] }, '/algorithms'],
    ['HS256', { jwks: { keys: [publicKey()] }, algorithms: ['EdDSA', 'HS256'] }, '/algorithms'],
    ['a member that we do not know', { jwks: { keys: [publicKey()] }, trustAll: true }, '/trustAll'],
  ])('is refused with %s, at its place, and nothing secret is repeated', async (_, change, pointer) => {
    const { body, text } = await acme
      .post('/v1/issuers', { ...host, issuer: 'https://new.acme.example', ...change })
      .expect(400);
    expect((body.errors as { pointer: string }[]).map((fault) => fault.pointer)).toContain(pointer);
    const secrets = [...JSON.stringify(change).matchAll(/"[dk]":"([^"]+)"/g)].map(([, secret]) => secret);
    for (const secret of secrets) {
      expect(text).not.toContain(secret);
      expect(system.logs()).not.toContain(secret);
    }
  });

  it('whose keys cannot be fetched is answered with 503, and nothing of the token is logged', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    const provider = { issuer, audience: 'lethe', roleClaim: 'groups', roleMap: { dpo: 'auditor' } };
    await acme.post('/v1/issuers', { ...provider, kind: 'oidc', algorithms: ['RS256'] }).expect(201);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'RS256' })}.${part({ iss: issuer, aud: 'lethe', sub: 'canary@people.example' })}.AAAA`;
    const { body } = await withToken(token, 'acme').get('/v1/ledger').expect(503);
    expect(body.code).toBe('dependency.unavailable');
    expect(system.logs()).not.toContain('canary@people.example');
  });
});
