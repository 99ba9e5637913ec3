import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Issuer } from './issuer.js';
import { namesMembersOnce, readHolder, takeApart } from './token.js';

const now = new Date('2026-07-01T12:00:00.000Z');
const seconds = now.getTime() / 1_000;
const base = {
  id: 'i',
  issuer: 'https://id.example',
  audience: 'lethe',
  algorithms: ['ES256'],
  jwks: null,
} as const;
const host: Issuer = { ...base, kind: 'host', roleClaim: null, roleMap: null, identifierType: 'account_id' };
const provider: Issuer = {
  ...base,
  kind: 'oidc',
  roleClaim: 'groups',
  roleMap: { dpo: 'privacy_officer', admins: 'administrator', desk: 'support', helpers: 'support' },
  identifierType: null,
};
const lasting = { iat: seconds, exp: seconds + 600 };

describe("a host's token", () => {
  it('speaks for the one person in its sub, and for nobody at work', () => {
    expect(
      readHolder(host, { ...lasting, sub: '42', groups: ['admins'], roles: ['administrator'] }, now),
    ).toEqual({
      subject: '42',
      roles: ['person'],
      identifier: { type: 'account_id', value: '42' },
    });
  });

  it.each([
    ['15 minutes', { iat: seconds, exp: seconds + 900 }],
    ['15 minutes from half a minute ahead', { iat: seconds + 30, exp: seconds + 930 }],
    ['the last second of the skew', { iat: seconds - 800, exp: seconds - 29 }],
    ['fractions of a second', { iat: seconds - 0.5, exp: seconds + 899.5 }],
  ])('may live for %s', (_, times) => {
    expect(readHolder(host, { sub: '42', ...times }, now)).toBeDefined();
  });

  it.each([
    ['lives a second longer than 15 minutes', { iat: seconds, exp: seconds + 901 }],
    ['lives for 16 minutes, of which two are gone', { iat: seconds - 120, exp: seconds + 840 }],
    ['does not say when it was issued', { exp: seconds + 60 }],
    ['comes from the future', { iat: seconds + 31, exp: seconds + 900 }],
    ['comes from the far future, to be used until then', { iat: seconds + 86_400, exp: seconds + 87_000 }],
    ['ended before it was issued', { iat: seconds + 10, exp: seconds + 5 }],
    ['ended longer ago than the skew', { iat: seconds - 600, exp: seconds - 30 }],
    ['does not end', { iat: seconds }],
    ['never ends', { iat: seconds, exp: Infinity }],
    ['ends at a text', { iat: seconds, exp: String(seconds + 60) }],
    ['was issued at a text', { iat: String(seconds), exp: seconds + 60 }],
    ['was issued at nothing', { iat: null, exp: seconds + 60 }],
  ])('is refused when it %s', (_, times) => {
    expect(readHolder(host, { sub: '42', ...times }, now)).toBeUndefined();
  });

  it.each([
    ['missing', {}],
    ['empty', { sub: '' }],
    ['blank', { sub: ' \t\u00a0' }],
    ['a number', { sub: 42 }],
    ['a list', { sub: ['42'] }],
    ['null', { sub: null }],
    ['half a character', { sub: 'a\ud800' }],
    ['a text with NUL', { sub: 'a\0b' }],
    ['too long', { sub: 'x'.repeat(1_025) }],
    ['too long once it is normalised', { sub: '\u0958'.repeat(200) }],
  ])('is refused when its sub is %s', (_, sub) => {
    expect(readHolder(host, { ...lasting, ...sub }, now)).toBeUndefined();
  });
});

describe("an OpenID provider's token", () => {
  const rolesFor = (groups: unknown) => readHolder(provider, { ...lasting, sub: 'ann', groups }, now)?.roles;

  it.each([
    ['one group', ['dpo'], ['privacy_officer']],
    ['a group that is no list', 'dpo', ['privacy_officer']],
    ['several groups', ['desk', 'dpo'], ['privacy_officer', 'support']],
    ['two groups of one role', ['desk', 'helpers'], ['support']],
    ['groups of which some are unknown', ['sales', 'admins', 'x'], ['administrator']],
  ])('gives the roles of %s', (_, groups, expected) => {
    expect(rolesFor(groups)).toEqual(expected);
  });

  it.each([
    ['no groups', undefined],
    ['an empty list', []],
    ['groups that nobody mapped', ['sales']],
    ['the name of a role', ['administrator', 'person', 'operator']],
    ['groups in one text', 'dpo admins'],
    ['another spelling', ['DPO', ' dpo']],
    ['what every object has', ['constructor', '__proto__', 'toString', 'hasOwnProperty']],
    ['a list with something else in it', ['dpo', 1]],
    ['a list of lists', [['dpo']]],
    ['an object', { dpo: true }],
    ['a number', 0],
    ['null', null],
  ])('is refused with %s', (_, groups) => {
    expect(rolesFor(groups)).toBeUndefined();
  });

  it('never speaks for a person', () => {
    expect(readHolder(provider, { ...lasting, sub: 'ann', groups: 'dpo' }, now)?.identifier).toBeNull();
  });

  it('may come without its time of issue, and is refused when that is in the future', () => {
    const token = { sub: 'ann', groups: 'dpo', exp: seconds + 86_400 };
    expect(readHolder(provider, token, now)).toBeDefined();
    expect(readHolder(provider, { ...token, iat: seconds + 31 }, now)).toBeUndefined();
  });

  it.each([
    ['/realm_access/roles', { realm_access: { roles: ['dpo'] } }],
    ['https://acme.example/groups', { 'https://acme.example/groups': ['dpo'] }],
    ['/a~1b/c~0d', { 'a/b': { 'c~d': 'dpo' } }],
    ['/lists/1', { lists: ['x', 'dpo'] }],
  ])('names its groups at %s', (roleClaim, payload) => {
    const issuer = { ...provider, roleClaim };
    expect(readHolder(issuer, { ...lasting, sub: 'ann', ...payload }, now)?.roles).toEqual([
      'privacy_officer',
    ]);
    expect(readHolder(issuer, { ...lasting, sub: 'ann', groups: ['dpo'] }, now)).toBeUndefined();
  });

  it('has no groups in what every object inherits', () => {
    const issuer: Issuer = {
      ...provider,
      roleClaim: '/constructor/name',
      roleMap: { Object: 'administrator' },
    };
    expect(readHolder(issuer, { ...lasting, sub: 'ann' }, now)).toBeUndefined();
  });
});

const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64url');
const token = (header: string, payload: string) => `${encode(header)}.${encode(payload)}.c2ln`;

describe('taking a token apart', () => {
  it('answers whose it claims to be', () => {
    const text = token(
      '{"alg":"ES256"}',
      '{"iss":"https://id.example","aud":["a","b"],"n":{"a":[{"b":1},{"b":2}]}}',
    );
    expect(takeApart(text)).toEqual({ issuer: 'https://id.example', audiences: ['a', 'b'] });
    expect(takeApart(token('{}', '{"iss":"i","aud":"a"}'))).toEqual({ issuer: 'i', audiences: ['a'] });
  });

  it.each([
    ['nothing', ''],
    ['two parts', 'e30.e30'],
    ['four parts', 'e30.e30.e30.e30'],
    ['five parts, which is an encrypted one', 'e30.e30.e30.e30.e30'],
    ['an empty signature', `${encode('{}')}.${encode('{"iss":"i","aud":"a"}')}.`],
    ['padding', `${token('{}', '{"iss":"i","aud":"a"}')}=`],
    ['white space', ` ${token('{}', '{"iss":"i","aud":"a"}')}`],
    ['a line end', `${token('{}', '{"iss":"i","aud":"a"}')}\n`],
    ['slack in the last character', token('{}', '{"iss":"i","aud":"a"}').replace(/c2ln$/, 'c2l')],
    ['a header that is no object', token('1', '{"iss":"i","aud":"a"}')],
    ['a payload that is no JSON', token('{}', '{"iss":"i","aud":"a"')],
    ['a payload that is a list', token('{}', '[]')],
    ['no issuer', token('{}', '{"aud":"a"}')],
    ['an issuer that is a list', token('{}', '{"iss":["i"],"aud":"a"}')],
    ['no audience', token('{}', '{"iss":"i"}')],
    ['an audience that is an object', token('{}', '{"iss":"i","aud":{"a":1}}')],
    ['a member of the header twice', token('{"alg":"ES256","alg":"none"}', '{"iss":"i","aud":"a"}')],
    ['a member of the payload twice', token('{}', '{"iss":"i","aud":"a","sub":"1","sub":"2"}')],
    ['a member twice, once escaped', token('{}', '{"iss":"i","aud":"a","sub":"1","s\\u0075b":"2"}')],
    ['a member twice, deep inside', token('{}', '{"iss":"i","aud":"a","x":[{"y":{"z":1,"z":1}}]}')],
    [
      'bytes that are no UTF-8',
      `e30.${Buffer.from('{"iss":"\xff","aud":"a"}', 'latin1').toString('base64url')}.c2ln`,
    ],
    ['more than 8 KiB', token('{}', `{"iss":"i","aud":"a","x":"${'x'.repeat(6_200)}"}`)],
    ['brackets only', token('{}', `{"iss":"i","aud":"a","x":${'['.repeat(6_000)}`)],
  ])('refuses %s', (_, text) => {
    expect(takeApart(text)).toBeUndefined();
  });

  it('takes a signature of any length without slack', () => {
    expect(takeApart(token('{}', '{"iss":"i","aud":"a"}').replace(/c2ln$/, 'c2k'))).toBeDefined();
  });

  it('reads what is nested deeply, as long as it is short', () => {
    const deep = `${'['.repeat(2_900)}${']'.repeat(2_900)}`;
    expect(takeApart(token('{}', `{"iss":"i","aud":"a","x":${deep}}`))).toBeDefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.json(), fc.json()).map(([a, b]) => token(a, b)),
        ),
        (text) => {
          takeApart(text);
        },
      ),
    );
  });
});

describe('members of one name', () => {
  it('are not found in any JSON that was written from a value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(namesMembersOnce(text, JSON.parse(text))).toBe(true);
      }),
    );
  });

  it('are found wherever one is written again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (value, pick) => {
        const members = Object.entries(value).map(
          ([name, inside]) => `${JSON.stringify(name)}:${JSON.stringify(inside)}`,
        );
        const again = members[pick % members.length] ?? '';
        const text = `{"outer":[{${[...members, again].join(',')}}]}`;
        expect(namesMembersOnce(text, JSON.parse(text))).toBe(false);
      }),
    );
  });
});
