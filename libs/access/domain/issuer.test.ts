import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { checkIssuer, isFetchable, type ProposedIssuer } from './issuer.js';
import { algorithms } from './public-keys.js';

type Jwk = Readonly<Record<string, unknown>>;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
const jwkOf = (pair: ReturnType<typeof ec>, secret = false): Jwk => ({
  ...(secret ? pair.privateKey : pair.publicKey).export({ format: 'jwk' }),
});

const p256 = jwkOf(ec('P-256'));
const ed25519 = jwkOf(generateKeyPairSync('ed25519'));
const rsa2048 = jwkOf(rsa(2_048));
const rsaSecret = jwkOf(rsa(2_048), true);

const provider: ProposedIssuer = {
  kind: 'oidc',
  issuer: 'https://id.example.org/realms/acme',
  audience: 'lethe',
  algorithms: ['RS256'],
  roleClaim: 'groups',
  roleMap: { dpo: 'privacy_officer' },
};
const host: ProposedIssuer = {
  kind: 'host',
  issuer: 'https://shop.example.org',
  audience: 'lethe',
  algorithms: ['ES256'],
  jwks: { keys: [p256] },
  identifierType: 'account_id',
};

/** The places of all faults; fails when there is none. */
function refused(proposed: ProposedIssuer): readonly string[] {
  try {
    checkIssuer(proposed);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error).toMatchObject({ kind: 'invalid', code: 'issuer.invalid' });
    expect(error.pointer).toBe(error.faults[0]?.pointer);
    return error.faults.map(({ pointer }) => pointer);
  }
  throw new Error('it was trusted');
}
const refusedKey = (key: unknown, names: readonly string[] = algorithms) =>
  refused({ ...host, algorithms: names, jwks: { keys: [key] } });

describe('an issuer to be trusted', () => {
  it('may be a provider whose keys are discovered', () => {
    expect(checkIssuer({ ...provider, jwks: null, identifierType: null })).toEqual({
      kind: 'oidc',
      issuer: 'https://id.example.org/realms/acme',
      audience: 'lethe',
      algorithms: ['RS256'],
      jwks: null,
      roleClaim: 'groups',
      roleMap: { dpo: 'privacy_officer' },
      identifierType: null,
    });
  });

  it('may be a provider with keys of its own', () => {
    expect(checkIssuer({ ...provider, jwks: { keys: [rsa2048] } }).jwks).toEqual({ keys: [rsa2048] });
  });

  it('may be a host', () => {
    expect(checkIssuer(host)).toMatchObject({
      jwks: { keys: [p256] },
      roleMap: null,
      identifierType: 'account_id',
    });
  });

  it.each<[string, Partial<ProposedIssuer>, readonly string[]]>([
    ['no algorithm', { algorithms: [] }, ['/algorithms']],
    ['none', { algorithms: ['none', 'RS256'] }, ['/algorithms']],
    ['a symmetric algorithm', { algorithms: ['HS256'] }, ['/algorithms']],
    ['another spelling', { algorithms: ['rs256'] }, ['/algorithms']],
    ['an algorithm for encryption', { algorithms: ['RSA-OAEP'] }, ['/algorithms']],
    ['no audience', { audience: '' }, ['/audience']],
    ['an audience with a space', { audience: 'a b' }, ['/audience']],
    ['an audience that is too long', { audience: 'a'.repeat(256) }, ['/audience']],
    ['no claim', { roleClaim: undefined }, ['/roleClaim']],
    ['null for a claim', { roleClaim: null }, ['/roleClaim']],
    ['an empty claim', { roleClaim: '' }, ['/roleClaim']],
    ['no roles', { roleMap: undefined }, ['/roleMap']],
    ['an empty map of roles', { roleMap: {} }, ['/roleMap']],
    ['a list of roles', { roleMap: ['auditor'] }, ['/roleMap']],
    ['an unknown role', { roleMap: { 'a/b~c': 'root' } }, ['/roleMap/a~1b~0c']],
    ['the role of the operator', { roleMap: { all: 'operator' } }, ['/roleMap/all']],
    ['the role of a person', { roleMap: { all: 'person' } }, ['/roleMap/all']],
    ['the role of a service', { roleMap: { all: 'service', dpo: 'auditor' } }, ['/roleMap/all']],
    ['several roles for a group', { roleMap: { all: ['auditor', 'support'] } }, ['/roleMap/all']],
    ['a group without a name', { roleMap: { '': 'auditor' } }, ['/roleMap']],
    ['a group of control characters', { roleMap: { '\u0007': 'auditor' } }, ['/roleMap']],
    ['half a character for a group', { roleMap: { '\ud800': 'auditor' } }, ['/roleMap']],
    [
      'too many groups',
      { roleMap: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`g${index}`, 'auditor'])) },
      ['/roleMap'],
    ],
    ['the identifier of a host', { identifierType: 'email' }, ['/identifierType']],
    [
      'everything wrong',
      { issuer: 'x', audience: '', algorithms: [] },
      ['/issuer', '/audience', '/algorithms'],
    ],
  ])('is no provider with %s', (_, change, pointers) => {
    expect(refused({ ...provider, ...change })).toEqual(pointers);
  });

  it.each<[string, Partial<ProposedIssuer>, readonly string[]]>([
    ['no keys', { jwks: undefined }, ['/jwks']],
    ['null for keys', { jwks: null }, ['/jwks']],
    ['no type', { identifierType: undefined }, ['/identifierType']],
    ['null for a type', { identifierType: null }, ['/identifierType']],
    ['a type in capitals', { identifierType: 'Email' }, ['/identifierType']],
    ['roles', { roleMap: { all: 'auditor' }, roleClaim: 'groups' }, ['/roleClaim', '/roleMap']],
  ])('is no host with %s', (_, change, pointers) => {
    expect(refused({ ...host, ...change })).toEqual(pointers);
  });
});

describe('the URL of an issuer', () => {
  it.each([
    'https://id.example.org',
    'https://id.example.org/',
    'https://id.example.org:8443/a/b',
    'http://127.0.0.1:8080',
    'http://localhost/realms/a',
    'http://[::1]:9000',
  ])('may be %s', (issuer) => {
    expect(checkIssuer({ ...provider, issuer }).issuer).toBe(issuer);
  });

  it.each([
    '',
    'id.example.org',
    'http://id.example.org',
    'http://localhost.example.org',
    'http://127.0.0.1.example.org',
    'http://[::2]',
    'http://0.0.0.0',
    'ftp://id.example.org',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https:id.example.org',
    'https:/id.example.org',
    'https://',
    'https://user:secret@id.example.org',
    'http://127.0.0.1@id.example.org',
    'http://id.example.org\\@127.0.0.1',
    'https://id.example.org?x=1',
    'https://id.example.org#x',
    'https://id.example.org/a b',
    'https://id.example.org\n',
    ' https://id.example.org',
    'https://ïd.example.org',
    `https://id.example.org/${'a'.repeat(2_000)}`,
  ])('is not %j', (issuer) => {
    expect(refused({ ...provider, issuer })).toEqual(['/issuer']);
  });

  it('is never off TLS and off this machine at once', () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ['http'], withQueryParameters: true }), (url) => {
        expect(isFetchable(url)).toBe(['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname));
      }),
    );
  });
});

describe('a key of an issuer', () => {
  it.each([
    ['P-256', 'ES256', p256],
    ['P-384', 'ES384', jwkOf(ec('P-384'))],
    ['P-521', 'ES512', jwkOf(ec('P-521'))],
    ['Ed25519', 'EdDSA', ed25519],
    ['Ed25519 by its own name', 'Ed25519', ed25519],
    ['RSA of 2,048 bits', 'RS512', rsa2048],
    ['RSA for PSS', 'PS256', rsa2048],
    ['the exponent 3', 'RS256', jwkOf(rsa(2_048, 3))],
  ])('may be %s', (_, alg, key) => {
    const named = { ...key, kid: 'a', alg };
    expect(checkIssuer({ ...host, algorithms: [alg], jwks: { keys: [named] } }).jwks).toEqual({
      keys: [named],
    });
  });

  it('is kept without what we do not know', () => {
    const jwks = { keys: [{ ...p256, use: 'sig', key_ops: ['verify'], x5c: ['MII'], note: 'x' }], more: 1 };
    expect(checkIssuer({ ...host, jwks }).jwks).toEqual({ keys: [p256] });
  });

  it.each<[string, unknown, readonly string[]]>([
    ['a private key', jwkOf(ec('P-256'), true), ['/jwks/keys/0/d']],
    ['a private key of Ed25519', jwkOf(generateKeyPairSync('ed25519'), true), ['/jwks/keys/0/d']],
    [
      'a private RSA key',
      rsaSecret,
      ['d', 'p', 'q', 'dp', 'dq', 'qi'].map((member) => `/jwks/keys/0/${member}`),
    ],
    ['one private member, though null', { ...rsa2048, qi: null }, ['/jwks/keys/0/qi']],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }, ['/jwks/keys/0/k']],
    ['a symmetric key without its value', { kty: 'oct' }, ['/jwks/keys/0/kty']],
    ['a public key with a symmetric one', { ...p256, k: 'c2VjcmV0' }, ['/jwks/keys/0/k']],
    ['RSA of 1,024 bits', jwkOf(rsa(1_024)), ['/jwks/keys/0/n']],
    ['RSA of one bit too few', jwkOf(rsa(2_047)), ['/jwks/keys/0/n']],
    ['the exponent 1', { ...rsa2048, e: 'AQ' }, ['/jwks/keys/0/e']],
    ['an even exponent', { ...rsa2048, e: 'BA' }, ['/jwks/keys/0/e']],
    ['an unknown type', { kty: 'AKP', pub: 'x' }, ['/jwks/keys/0/kty']],
    ['no type', { x: 'x' }, ['/jwks/keys/0/kty']],
    ['a curve of Bitcoin', jwkOf(ec('secp256k1')), ['/jwks/keys/0/crv']],
    ['a key for agreement', jwkOf(generateKeyPairSync('x25519')), ['/jwks/keys/0/crv']],
    ['a point off the curve', { ...p256, y: p256['x'] }, ['/jwks/keys/0']],
    ['half a point', { kty: 'EC', crv: 'P-256', x: p256['x'] }, ['/jwks/keys/0']],
    ['a number that is none', { ...p256, x: '***' }, ['/jwks/keys/0/x']],
    ['a key for encryption', { ...rsa2048, use: 'enc' }, ['/jwks/keys/0/use']],
    ['a key that may not verify', { ...rsa2048, key_ops: ['encrypt'] }, ['/jwks/keys/0/key_ops']],
    ['a symmetric algorithm', { ...rsa2048, alg: 'HS256' }, ['/jwks/keys/0/alg']],
    ['the algorithm of another type', { ...rsa2048, alg: 'ES256' }, ['/jwks/keys/0/alg']],
    ['an empty kid', { ...rsa2048, kid: '' }, ['/jwks/keys/0/kid']],
    ['a kid with half a character', { ...rsa2048, kid: '\ud800' }, ['/jwks/keys/0/kid']],
    ['a list', [p256], ['/jwks/keys/0']],
    ['null', null, ['/jwks/keys/0']],
    ['a text', 'key', ['/jwks/keys/0']],
  ])('is not %s', (_, key, pointers) => {
    expect(refusedKey(key)).toEqual(pointers);
  });

  it('fits one of the algorithms', () => {
    expect(refusedKey(p256, ['RS256', 'ES384'])).toEqual(['/jwks/keys/0']);
    expect(refusedKey({ ...rsa2048, alg: 'PS256' }, ['RS256'])).toEqual(['/jwks/keys/0/alg']);
  });

  it('is never repeated when it is secret', () => {
    for (const key of [rsaSecret, jwkOf(ec('P-256'), true), { kty: 'oct', k: 'c2VjcmV0LXNlY3JldA' }]) {
      let told = '';
      try {
        checkIssuer({ ...host, algorithms, jwks: { keys: [key] } });
      } catch (error) {
        told = `${String(error)} ${JSON.stringify(error)}`;
      }
      expect(told).toContain('secret key');
      for (const value of Object.values(key)) if (String(value).length > 8) expect(told).not.toContain(value);
    }
  });

  it('has a name of its own among others', () => {
    const keys = (...kids: readonly (string | undefined)[]) => ({
      keys: kids.map((kid) => ({ ...p256, ...(kid === undefined ? {} : { kid }) })),
    });
    expect(checkIssuer({ ...host, jwks: keys('a', 'b') }).jwks?.keys).toHaveLength(2);
    expect(refused({ ...host, jwks: keys('a', undefined) })).toEqual(['/jwks/keys/1/kid']);
    expect(refused({ ...host, jwks: keys('a', 'b', 'a') })).toEqual(['/jwks/keys/2/kid']);
  });

  it.each([
    [{}],
    [{ keys: [] }],
    [{ keys: {} }],
    [{ keys: Array.from({ length: 21 }, () => p256) }],
    [[p256]],
    ['x'],
  ])('is in a list of 1 to 20: %#', (jwks) => {
    expect(refused({ ...host, jwks })).toEqual(['/jwks/keys']);
  });
});
