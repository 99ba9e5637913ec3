import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, systemIds, type Clock } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import type { Caller } from './domain/caller.js';
import { openAccess, type OpenAccess } from './testing/open-access.js';
import {
  configurationPath,
  makeKey,
  sendJson,
  signToken,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from './testing/test-issuer.js';
import type { VerifyToken } from './verify-token.js';

const now = new Date('2026-07-01T12:00:00.000Z');
const seconds = now.getTime() / 1_000;
const clock: Clock = { now: () => now };

describe('a token of an OpenID provider', () => {
  let database: TestDatabase;
  let access: OpenAccess;
  let verify: VerifyToken;
  let signing: TestKey;
  let provider: TestIssuer;
  let tenant: Caller;
  beforeAll(async () => {
    database = await createTestDatabase();
    access = await openAccess(database.appUrl, (text, values) =>
      withClient(database.ownerUrl, async (client) => (await client.query(text, values)).rows),
    );
    verify = access.verifier(clock);
    signing = await makeKey('ES256', 'k1');
    provider = await startIssuer(signing);
    tenant = await access.newTenant();
  });
  afterAll(async () => {
    await provider.stop();
    await access.close();
    await database.drop();
  });

  const trustProvider = (caller: Caller, issuer: string, more: object = {}) =>
    access.issuers.trust(
      caller,
      {
        kind: 'oidc',
        issuer,
        audience: 'lethe',
        algorithms: ['ES256'],
        roleClaim: 'groups',
        roleMap: { dpo: 'privacy_officer', desk: 'support' },
        ...more,
      },
      { id: systemIds.next(), at: now },
    );
  const expectRefused = (token: string, caller: Caller) =>
    expect(verify.execute(caller.tenant, token)).rejects.toMatchObject({ code: 'token.refused' });
  const staff = (issuer: TestIssuer, more: JWTPayload = {}): JWTPayload => ({
    iss: issuer.url,
    aud: 'lethe',
    sub: 'ann',
    groups: ['dpo', 'desk', 'sales'],
    iat: seconds,
    exp: seconds + 600,
    ...more,
  });

  it('gives the roles of its groups, after discovery', async () => {
    const { id } = await trustProvider(tenant, provider.url);
    const verified = await verify.execute(tenant.tenant, await signToken(signing, staff(provider)));
    expect(verified).toMatchObject({
      issuerId: id,
      roles: ['privacy_officer', 'support'],
      identifier: null,
    });
    expect(provider.asked).toEqual([configurationPath, '/keys']);
  });

  it('may live longer than that of a host, and is refused without a role', async () => {
    const day = { exp: seconds + 86_400 };
    expect(
      (await verify.execute(tenant.tenant, await signToken(signing, staff(provider, day)))).roles,
    ).toHaveLength(2);
    for (const groups of [[], ['sales'], ['administrator'], undefined, { dpo: 1 }])
      await expectRefused(await signToken(signing, staff(provider, { groups })), tenant);
  });

  it('is judged by the issuer whose audience it has', async () => {
    const both = await access.newTenant();
    const first = await trustProvider(both, provider.url, { audience: 'a', roleMap: { x: 'auditor' } });
    const second = await trustProvider(both, provider.url, { audience: 'b', roleMap: { dpo: 'auditor' } });
    const run = async (aud: string[], groups: string[]) =>
      (await verify.execute(both.tenant, await signToken(signing, staff(provider, { aud, groups }))))
        .issuerId;
    expect(await run(['b', 'a'], ['x', 'dpo'])).toBe(first.id);
    expect(await run(['a', 'b'], ['dpo'])).toBe(second.id);
    await expectRefused(await signToken(signing, staff(provider, { aud: 'a', groups: ['dpo'] })), both);
  });

  it('leads to one question however many come at once', async () => {
    const one = await startIssuer(signing);
    const other = await access.newTenant();
    await trustProvider(other, one.url);
    const token = await signToken(signing, staff(one));
    await Promise.all(Array.from({ length: 20 }, () => verify.execute(other.tenant, token)));
    expect(one.asked).toHaveLength(2);
    await one.stop();
    expect((await verify.execute(other.tenant, token)).roles).toHaveLength(2);
  });

  it('cannot be judged while the provider is down, which is said as such', async () => {
    const down = await startIssuer(signing);
    const other = await access.newTenant();
    await trustProvider(other, down.url);
    await down.stop();
    const run = verify.execute(other.tenant, await signToken(signing, staff(down)));
    await expect(run).rejects.toThrow(DependencyError);
    await expect(run).rejects.toMatchObject({ code: 'unreachable' });
    // What would be refused by any key is refused all the same.
    await expectRefused(
      await signToken(signing, staff(down), { alg: 'ES256', typ: 'x' }).then((t) => `${t}.x`),
      other,
    );
  });

  it('is judged by keys given at registration, without a question', async () => {
    const silent = await startIssuer();
    const other = await access.newTenant();
    await trustProvider(other, silent.url, { jwks: { keys: [signing.jwk] } });
    expect((await verify.execute(other.tenant, await signToken(signing, staff(silent)))).roles).toHaveLength(
      2,
    );
    await expectRefused(await signToken(signing, staff(silent), { kid: 'unknown' }), other);
    expect(silent.asked).toEqual([]);
    await silent.stop();
  });

  it('is refused when the provider publishes a key of another use', async () => {
    const odd = await startIssuer();
    const other = await access.newTenant();
    await trustProvider(other, odd.url);
    odd.answer(
      '/keys',
      sendJson({
        keys: [
          { ...signing.jwk, use: 'enc' },
          { kty: 'oct', kid: 'k1', k: 'AAAA' },
        ],
      }),
    );
    await expectRefused(await signToken(signing, staff(odd)), other);
    await odd.stop();
  });
});
