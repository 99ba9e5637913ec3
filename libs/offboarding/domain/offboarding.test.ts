import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsEverything, nextStep, type Offboarding } from './offboarding.js';

const leaving = (change: Partial<Offboarding>): Offboarding => ({
  state: 'offboarding',
  since: new Date(0),
  exportDigest: null,
  exportRevision: null,
  ...change,
});

describe('what an administrator does next', () => {
  it.each([
    ['an active tenant', { state: 'active', since: null }, 7, 'begin_offboarding'],
    ['a tenant that has no export', {}, 7, 'take_export'],
    ['a tenant with an export of now', { exportDigest: 'x', exportRevision: 6 }, 7, 'request_erasure'],
    ['a tenant that changed since', { exportDigest: 'x', exportRevision: 6 }, 8, 'take_export'],
    ['a tenant that is being erased', { state: 'erasing', exportRevision: 6 }, 7, 'wait'],
    ['a tenant that has left', { state: 'offboarded', exportRevision: 6 }, 8, 'wait'],
  ] as const)('with %s', (_, change, revision, expected) => {
    expect(nextStep(leaving(change), revision)).toBe(expected);
  });
});

describe('an export', () => {
  it('holds everything as long as its own entry is the only one that came after it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(20), (exported, later) => {
        expect(holdsEverything(exported, exported + later)).toBe(later === 1);
      }),
    );
  });
});
