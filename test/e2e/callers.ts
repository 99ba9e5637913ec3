import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import supertest from 'supertest';
import { keyRoles } from '#access';
import type { Client, TestSystem } from './system.js';

/** A key pair that signs tokens, as a host or an OpenID provider has one. */
export interface Signer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

export async function makeSigner(issuer: string, audience: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { issuer, audience, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' } };
}

/** A token valid for five minutes, but for what `claims` change of it. */
export async function signFor(signer: Signer, sub: string, claims: JWTPayload = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iss: signer.issuer, aud: signer.audience, sub, iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(signer.privateKey);
}

/** The host of a tenant: signs for its people. */
export async function trustHost(admin: Client, issuer: string, identifierType = 'email') {
  const signer = await makeSigner(issuer, 'lethe');
  const { body } = await admin
    .post('/v1/issuers', {
      kind: 'host',
      issuer,
      audience: signer.audience,
      algorithms: ['ES256'],
      jwks: { keys: [signer.jwk] },
      identifierType,
    })
    .expect(201);
  return { signer, id: String(body.id) };
}

/** The OpenID provider of a tenant's staff; a group is named as the role it leads to. */
export async function trustProvider(admin: Client, issuer: string, roles: readonly string[]) {
  const signer = await makeSigner(issuer, 'lethe');
  const { body } = await admin
    .post('/v1/issuers', {
      kind: 'oidc',
      issuer,
      audience: signer.audience,
      algorithms: ['ES256'],
      jwks: { keys: [signer.jwk] },
      roleClaim: 'groups',
      roleMap: Object.fromEntries(roles.map((role) => [role, role])),
    })
    .expect(201);
  return { signer, id: String(body.id) };
}

export type Headers = Readonly<Record<string, string>>;

export const byKey = (key: string): Headers => ({ authorization: `Bearer ${key}` });
export const byToken = (token: string, tenant: string): Headers => ({
  authorization: `Bearer ${token}`,
  'lethe-tenant': tenant,
});

/** A key of every role that a tenant can give one, as headers. */
export async function issueKeys(admin: Client): Promise<ReadonlyMap<string, Headers>> {
  const keys = new Map<string, Headers>();
  for (const role of keyRoles) {
    const scope = role === 'store_agent' ? { scope: { stores: ['rows'] } } : {};
    const { body } = await admin.post('/v1/keys', { role, name: role, ...scope }).expect(201);
    keys.set(role, byKey(String(body.key)));
  }
  return keys;
}

/** Sends an operation of the document to a URL; what may have a body gets one. */
export function call(
  system: TestSystem,
  method: string,
  url: string,
  headers: Headers,
  body: object = {},
): supertest.Test {
  const http = supertest(system.api.getHttpServer());
  const request = {
    GET: http.get(url),
    POST: http.post(url),
    PUT: http.put(url),
    DELETE: http.delete(url),
  }[method];
  if (request === undefined) throw new Error(`the test cannot send ${method}`);
  for (const [name, value] of Object.entries(headers)) void request.set(name, value);
  if (method === 'POST' || method === 'PUT') void request.send(body);
  return request;
}
