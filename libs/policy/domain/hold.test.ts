import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subjectRef } from '#kernel';
import { checkHold, holdState, longestOf, type HoldScope } from './hold.js';

const now = new Date('2026-06-15T12:00:00Z');
const at = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const everything: HoldScope = {
  subjectRefs: [],
  stores: [],
  datasets: [],
  categories: [],
  purposes: [],
  collectedFrom: null,
  collectedUntil: null,
};
const somebody = subjectRef('6f6f3c5e-8d2a-4c1b-9e55-0a1b2c3d4e5f');

describe('the state of a hold', () => {
  it.each([
    ['without a date', { until: null, liftedAt: null }, 'active'],
    ['before its date', { until: at(1), liftedAt: null }, 'active'],
    ['at its date', { until: at(0), liftedAt: null }, 'ended'],
    ['after its date', { until: at(-1), liftedAt: null }, 'ended'],
    ['lifted before its date', { until: at(9), liftedAt: at(-9) }, 'lifted'],
    ['lifted, and its date has come since', { until: at(-1), liftedAt: at(-9) }, 'lifted'],
  ] as const)('%s is as the clock says', (_, hold, state) => {
    expect(holdState(hold, now)).toBe(state);
  });
});

describe('a hold that is to be placed', () => {
  const refusal = (scope: Partial<HoldScope>, until: Date | null = null) => {
    try {
      checkHold({ scope: { ...everything, ...scope }, until }, now);
    } catch (error) {
      return (error as { code: string; pointer: string }).code;
    }
    return undefined;
  };

  it.each([
    ['names nothing', {}, null, 'hold.covers_everything'],
    ['ends in the past', { stores: ['shop'] }, at(-1), 'hold.ends_in_the_past'],
    ['ends now', { stores: ['shop'] }, at(0), 'hold.ends_in_the_past'],
    [
      'is on a time that ends before it begins',
      { collectedFrom: at(0), collectedUntil: at(-1) },
      null,
      'hold.no_time',
    ],
    ['is on a moment', { collectedFrom: at(0), collectedUntil: at(0) }, null, undefined],
    ['is on people', { subjectRefs: [somebody] }, at(1), undefined],
    ['is on all that was collected since', { collectedFrom: at(-99) }, null, undefined],
    ['is on all that was collected until', { collectedUntil: at(-99) }, null, undefined],
    ['is on a category', { categories: ['user'] }, null, undefined],
  ] as const)('that %s', (_, scope, until, code) => {
    expect(refusal(scope, until)).toBe(code);
  });
});

describe('of several holds', () => {
  it('that without a date lasts longest, then that with the latest; the same one in any order', () => {
    const holds = [
      { id: 'a', until: at(5) },
      { id: 'b', until: at(9) },
      { id: 'd', until: null },
      { id: 'c', until: null },
    ];
    expect(longestOf(holds.slice(0, 0))).toBeUndefined();
    expect(longestOf(holds.slice(0, 2))?.id).toBe('b');
    fc.assert(
      fc.property(fc.shuffledSubarray(holds, { minLength: 4 }), (shuffled) => {
        expect(longestOf(shuffled)?.id).toBe('c');
      }),
    );
  });
});
