import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentActions, holdsNow, type ConsentState } from '#decisions';
import { stricter } from './combine.js';

const state = fc.record({
  action: fc.constantFrom(...consentActions),
  since: fc.constant(new Date(0)),
  expiresAt: fc.option(fc.constantFrom(new Date(5), new Date(9))),
  noticeVersion: fc.constant(null),
  number: fc.nat(),
});
const maybe = fc.option(state, { nil: undefined });
const allows = (one: ConsentState | undefined) => one !== undefined && holdsNow(one, new Date(7));

describe('of what two subjects said, the stricter', () => {
  it('allows only what nobody of those who spoke had denied', () => {
    fc.assert(
      fc.property(maybe, maybe, (a, b) => {
        const spoke = [a, b].filter((one) => one !== undefined);
        expect(allows(stricter(a, b))).toBe(spoke.length > 0 && spoke.every(allows));
      }),
    );
  });

  it('is one of the two, and the same in either order and grouping', () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        fc.pre(new Set([a.number, b.number, c.number]).size === 3);
        expect([a, b]).toContain(stricter(a, b));
        expect(stricter(a, b)).toBe(stricter(b, a));
        expect(stricter(stricter(a, b), c)).toBe(stricter(a, stricter(b, c)));
      }),
    );
  });
});
