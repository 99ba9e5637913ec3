import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  SignJWT,
  UnsecuredJWT,
  exportSPKI,
  importJWK,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainError, systemIds, type Clock } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import type { Caller } from './domain/caller.js';
import type { IssuerView } from './issuers.js';
import { openAccess, type OpenAccess } from './testing/open-access.js';
import { makeKey, signToken, startIssuer, type TestKey } from './testing/test-issuer.js';
import type { VerifyToken } from './verify-token.js';

const now = new Date('2026-07-01T12:00:00.000Z');
const seconds = now.getTime() / 1_000;
const clock: Clock = { now: () => now };
const shop = 'https://shop.example.org';

describe('a token', () => {
  let database: TestDatabase;
  let access: OpenAccess;
  let verify: VerifyToken;
  let signing: TestKey;
  let acme: Caller;
  let hosted: IssuerView;

  const owner = (text: string, values: unknown[]) =>
    withClient(database.ownerUrl, async (client) => (await client.query(text, values)).rows);
  beforeAll(async () => {
    database = await createTestDatabase();
    access = await openAccess(database.appUrl, owner);
    verify = access.verifier(clock);
    signing = await makeKey('ES256', 'k1');
    acme = await access.newTenant();
    hosted = await trustHost(acme, [signing]);
  });
  afterAll(async () => {
    await access.close();
    await database.drop();
  });

  const made = () => ({ id: systemIds.next(), at: now });
  const trustHost = (caller: Caller, keys: readonly TestKey[], algorithms = ['ES256'], issuer = shop) =>
    access.issuers.trust(
      caller,
      {
        kind: 'host',
        issuer,
        audience: 'lethe',
        algorithms,
        jwks: { keys: keys.map(({ jwk }) => jwk) },
        identifierType: 'account_id',
      },
      made(),
    );
  const claims = (more: JWTPayload = {}): JWTPayload => ({
    iss: shop,
    aud: 'lethe',
    sub: '42',
    iat: seconds,
    exp: seconds + 600,
    ...more,
  });
  const without = (name: string) =>
    Object.fromEntries(Object.entries(claims()).filter(([other]) => other !== name));

  const tellings = new Set<string>();
  async function expectRefused(token: string, caller = acme, by = verify): Promise<void> {
    const error: unknown = await by.execute(caller.tenant, token).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DomainError);
    expect(error).toMatchObject({ kind: 'unauthenticated', code: 'token.refused' });
    expect((error as DomainError).cause).toBeUndefined();
    tellings.add((error as DomainError).message);
    expect(tellings.size).toBe(1);
  }

  describe('of a host', () => {
    it('speaks for its person', async () => {
      const digest = createHash('sha256').update(`${hosted.id}42`).digest('hex').slice(0, 16);
      expect(await verify.execute(acme.tenant, await signToken(signing, claims()))).toEqual({
        issuerId: hosted.id,
        roles: ['person'],
        actor: `token:${hosted.id}:${digest}`,
        identifier: { type: 'account_id', value: '42' },
      });
    });

    it.each([
      'EdDSA',
      'Ed25519',
      'ES256',
      'ES384',
      'ES512',
      'PS256',
      'PS384',
      'PS512',
      'RS256',
      'RS384',
      'RS512',
    ])('may be signed with %s', async (alg) => {
      const tenant = await access.newTenant();
      const key = await makeKey(alg, 'k');
      await trustHost(tenant, [key], [alg]);
      expect((await verify.execute(tenant.tenant, await signToken(key, claims()))).roles).toEqual(['person']);
    });

    it('may be for several audiences, of any type, and without the name of its key', async () => {
      const token = await signToken(signing, claims({ aud: ['else', 'lethe'] }), { typ: 'at+jwt' });
      expect((await verify.execute(acme.tenant, token)).issuerId).toBe(hosted.id);
      const { kid, ...nameless } = signing.jwk;
      const tenant = await access.newTenant();
      await trustHost(tenant, [{ ...signing, jwk: nameless }]);
      const unnamed = await new SignJWT(claims())
        .setProtectedHeader({ alg: 'ES256' })
        .sign(signing.privateKey);
      expect(kid).toBe('k1');
      expect((await verify.execute(tenant.tenant, unnamed)).roles).toEqual(['person']);
    });

    it('is signed by any of several keys', async () => {
      const tenant = await access.newTenant();
      const next = await makeKey('ES256', 'k2');
      await trustHost(tenant, [signing, next]);
      for (const key of [signing, next])
        expect((await verify.execute(tenant.tenant, await signToken(key, claims()))).roles).toEqual([
          'person',
        ]);
      await expectRefused(await signToken(next, claims(), { kid: 'k1' }), tenant);
      await expectRefused(await signToken(next, claims(), { kid: 'k3' }), tenant);
    });

    it.each([
      ['expired half a minute ago', { iat: seconds - 600, exp: seconds - 30 }],
      ['valid from half a minute and a second on', { nbf: seconds + 31 }],
      ['valid from a text on', { nbf: 'now' as never }],
      ['issued in a minute', { iat: seconds + 60, exp: seconds + 600 }],
      ['of 16 minutes', { exp: seconds + 960 }],
      ['without iat', { iat: undefined }],
      ['without exp', { exp: undefined }],
      ['without sub', { sub: undefined }],
      ['of an empty sub', { sub: '' }],
      ['of a sub that is a number', { sub: 42 as never }],
      ['without an audience', { aud: undefined }],
      ['for another audience', { aud: 'lethe2' }],
      ['for an audience in capitals', { aud: 'LETHE' }],
      ['for no audience', { aud: [] }],
      ['without an issuer', { iss: undefined }],
      ['of another issuer', { iss: 'https://other.example.org' }],
      ['of an issuer that is spelt otherwise', { iss: `${shop}/` }],
      ['of a list of issuers', { iss: [shop] as never }],
    ])('is refused %s', async (_, more) => {
      await expectRefused(await signToken(signing, claims(more as JWTPayload)));
    });

    it('is accepted at the edges of what is refused', async () => {
      for (const more of [
        { iat: seconds - 600, exp: seconds - 29 },
        { nbf: seconds + 30 },
        { iat: seconds + 30, exp: seconds + 930 },
        { exp: seconds + 900 },
      ])
        expect((await verify.execute(acme.tenant, await signToken(signing, claims(more)))).roles).toEqual([
          'person',
        ]);
    });

    it('is refused unsigned, or signed with what is public', async () => {
      const encoded = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url');
      const [, payload = ''] = (await signToken(signing, claims())).split('.');
      const unsecured = new UnsecuredJWT(claims()).encode();
      for (const token of [unsecured, `${unsecured}AA`, `${unsecured}${'A'.repeat(86)}`])
        await expectRefused(token);
      for (const alg of ['none', 'None', 'NONE', ''])
        await expectRefused(`${encoded({ alg, kid: 'k1' })}.${payload}.${'A'.repeat(86)}`);
      const spki = await exportSPKI((await importJWK(signing.jwk, 'ES256')) as CryptoKey);
      for (const secret of [spki, spki.trim(), JSON.stringify(signing.jwk), signing.jwk.x ?? ''])
        for (const alg of ['HS256', 'HS384', 'HS512']) {
          const key = Buffer.concat([Buffer.from(secret), Buffer.alloc(64)]).subarray(
            0,
            Math.max(secret.length, 64),
          );
          await expectRefused(await new SignJWT(claims()).setProtectedHeader({ alg, kid: 'k1' }).sign(key));
        }
    });

    it('is refused when signed by another, or with an algorithm that was not agreed', async () => {
      await expectRefused(await signToken(await makeKey('ES256', 'k1'), claims()));
      const tenant = await access.newTenant();
      const rsa = await makeKey('PS256', 'k');
      const { alg, ...free } = rsa.jwk;
      expect(alg).toBe('PS256');
      await trustHost(tenant, [{ ...rsa, jwk: free }], ['PS256']);
      const asRs256 = await importJWK(await exportPrivate(rsa), 'RS256');
      await expectRefused(
        await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(asRs256),
        tenant,
      );
    });

    it('says nothing about where keys are: what an attacker embeds is neither used nor fetched', async () => {
      const attacker = await makeKey('ES256', 'k1');
      const server = await startIssuer(attacker);
      const header = {
        jwk: attacker.jwk,
        jku: `${server.url}/keys`,
        x5u: `${server.url}/keys`,
        x5c: ['MIIB'],
      };
      for (const kid of ['k1', 'unknown', `${server.url}/keys`, '../../dev/null'])
        await expectRefused(await signToken(attacker, claims(), { ...header, kid }));
      // Of no effect on a token that is valid.
      expect((await verify.execute(acme.tenant, await signToken(signing, claims(), header))).roles).toEqual([
        'person',
      ]);
      expect(server.asked).toEqual([]);
      await server.stop();
    });

    it('is refused with an extension that we do not know, and with a payload that is not encoded', async () => {
      await expectRefused(await signToken(signing, claims(), { crit: ['x-unknown'], 'x-unknown': true }));
      const header = { alg: 'ES256', kid: 'k1', crit: ['b64'], b64: false };
      await expectRefused(await signText(signing, JSON.stringify(header), JSON.stringify(claims())));
      const encoded = JSON.stringify({ ...header, b64: true });
      expect(
        (await verify.execute(acme.tenant, await signText(signing, encoded, JSON.stringify(claims())))).roles,
      ).toEqual(['person']);
    });

    it('is refused with a member twice, though signed', async () => {
      const header = JSON.stringify({ alg: 'ES256', kid: 'k1' });
      const payload = JSON.stringify(claims());
      expect(
        (await verify.execute(acme.tenant, await signText(signing, header, payload))).roles,
      ).toHaveLength(1);
      const doubled = payload.replace('"sub":"42"', '"sub":"1","sub":"42"');
      await expectRefused(await signText(signing, header, doubled));
      await expectRefused(await signText(signing, header.replace('{', '{"alg":"none",'), payload));
    });

    it('is refused beyond 8 KiB, and read up to it', async () => {
      const sized = (length: number) => signToken(signing, claims({ note: 'x'.repeat(length) }));
      const fits = await sized(5_800);
      const big = await sized(6_000);
      expect(fits.length).toBeLessThanOrEqual(8_192);
      expect(big.length).toBeGreaterThan(8_192);
      expect((await verify.execute(acme.tenant, fits)).roles).toEqual(['person']);
      await expectRefused(big);
      await expectRefused('x'.repeat(10_000_000));
    });

    it('is refused once any one character of it is another', async () => {
      const token = await signToken(signing, claims());
      await fc.assert(
        fc.asyncProperty(
          fc.nat(token.length - 1),
          fc.constantFrom(
            ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= +/\n\0é'),
          ),
          async (place, character) => {
            fc.pre(token[place] !== character);
            await expectRefused(token.slice(0, place) + character + token.slice(place + 1));
          },
        ),
        { numRuns: 500 },
      );
      // The last character has bits that no signature needs.
      for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
        if (!token.endsWith(character)) await expectRefused(token.slice(0, -1) + character);
    });

    it.each(['sub', 'iss', 'aud', 'exp', 'iat'])('is refused without %s', async (name) => {
      await expectRefused(await signToken(signing, without(name)));
    });
  });

  describe('of whom nobody trusts', () => {
    it("is refused, another tenant's included", async () => {
      const umbrella = await access.newTenant();
      const token = await signToken(signing, claims());
      await expectRefused(token, umbrella);
      await trustHost(umbrella, [await makeKey('ES256', 'k1')]);
      await expectRefused(token, umbrella);
      expect((await verify.execute(acme.tenant, token)).issuerId).toBe(hosted.id);
    });

    it('is refused at once after the revocation, and accepted again once it is trusted again', async () => {
      const tenant = await access.newTenant();
      const token = await signToken(signing, claims());
      await expectRefused(token, tenant);
      const { id } = await trustHost(tenant, [signing]);
      expect((await verify.execute(tenant.tenant, token)).issuerId).toBe(id);
      await access.issuers.revoke(tenant, id, now);
      await expectRefused(token, tenant);
      const again = await trustHost(tenant, [signing]);
      expect((await verify.execute(tenant.tenant, token)).issuerId).toBe(again.id);
    });

    it('is refused within the published bound when another process revokes', async () => {
      const tenant = await access.newTenant();
      const token = await signToken(signing, claims());
      const { id } = await trustHost(tenant, [signing]);
      await verify.execute(tenant.tenant, token);
      await owner('update issuers set revoked_at = now() where id = $1', [id]);
      const answer = () =>
        verify.execute(tenant.tenant, token).then(
          () => 'accepted',
          (error: unknown) => (error as DomainError).code,
        );
      await expect.poll(answer, { timeout: 5_000 }).toBe('token.refused');
    });
  });
});

/** A token of exactly these texts, which no library would write. */
async function signText(key: TestKey, header: string, payload: string): Promise<string> {
  const input = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    key.privateKey,
    Buffer.from(input),
  );
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

async function exportPrivate(key: TestKey): Promise<JWK> {
  const { alg, key_ops: operations, ...jwk } = await crypto.subtle.exportKey('jwk', key.privateKey);
  expect([alg, operations]).toEqual(['PS256', ['sign']]);
  return jwk;
}
