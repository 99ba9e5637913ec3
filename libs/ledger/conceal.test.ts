import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tenantId } from '#kernel';
import { KeyedHash } from '#platform/crypto';
import { Conceal } from './conceal.js';

const acme = tenantId('01890000-0000-7000-8000-000000000001');
const umbrella = tenantId('01890000-0000-7000-8000-000000000002');
const issuer = '01890000-0000-7000-8000-00000000000a';
const conceal = new Conceal(new KeyedHash(Buffer.alloc(32, 1)));
const elsewhere = new Conceal(new KeyedHash(Buffer.alloc(32, 2)));
const token = (digest: string) => `token:${issuer}:${digest}`;

describe('who acted, as the public reads it', () => {
  it.each([`key:${issuer}`, `break-glass:${issuer}`])('is %s to the letter', (actor) => {
    expect(conceal.actor(acme, actor)).toBe(actor);
  });

  it('is the same for one holder of a token, another for another, and nothing that a `sub` leads to', () => {
    const digest = createHash('sha256').update(issuer).update('jane@acme.example').digest('hex').slice(0, 16);
    const concealed = conceal.actor(acme, token(digest));
    expect(concealed).toMatch(new RegExp(`^token:${issuer}:[0-9a-f]{16}$`));
    expect(concealed).not.toContain(digest);
    expect(conceal.actor(acme, token(digest))).toBe(concealed);
    const others = [
      conceal.actor(acme, token('0000000000000000')),
      conceal.actor(umbrella, token(digest)),
      elsewhere.actor(acme, token(digest)),
    ];
    expect(new Set([concealed, ...others]).size).toBe(4);
  });
});

describe('a reason, as the public reads it', () => {
  it('is 64 hex digits that depend on tenant, row, text and master key', () => {
    const digests = [
      conceal.reason(acme, 'a', 'why'),
      conceal.reason(acme, 'b', 'why'),
      conceal.reason(acme, 'a', 'why not'),
      conceal.reason(umbrella, 'a', 'why'),
      elsewhere.reason(acme, 'a', 'why'),
    ];
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(digests).size).toBe(digests.length);
    expect(conceal.reason(acme, 'a', 'why')).toBe(digests[0]);
  });

  it('cannot be reached by hashing an identifier, which anybody may have looked up', () => {
    const hash = new KeyedHash(Buffer.alloc(32, 1));
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9_]{0,62}$/), fc.string(), (type, value) => {
        const looked = hash.of(acme, type, value).toString('hex');
        expect(conceal.reason(acme, type, value)).not.toBe(looked);
        expect(conceal.actor(acme, token(value))).not.toContain(looked.slice(0, 16));
      }),
    );
  });
});
