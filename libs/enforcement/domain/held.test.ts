import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SweepStep } from '#policy';
import { awaitsOf, currentParts, isStillDue, overtaken, type WaitedSweep } from './held.js';
import type { Outcome } from './outcome.js';

const link = (id: string, outcome: Outcome | null, succeeds: string | null, rows = 0, exact = true) => ({
  id,
  outcome,
  succeeds,
  rows,
  exact,
  readBack: null,
  readBackAt: null,
});

describe('how a part stands', () => {
  it('is as it was settled, where nothing was held', () => {
    const parts = [link('a', 'erased', null, 3), link('b', 'failed', null)];
    expect(currentParts(parts)).toEqual(parts.map((part) => ({ ...part, cameBackAt: null })));
  });

  it('is held while its successor waits or is under way', () => {
    expect(currentParts([link('a', 'held', null), link('b', null, 'a')])).toMatchObject([
      { id: 'a', outcome: 'held' },
    ]);
  });

  it('says when something last came back, whatever was found later', () => {
    const at = (day: number) => new Date(Date.UTC(2026, 5, day));
    const back = (day: number) => ({ readBack: 'came_back', readBackAt: at(day) }) as const;
    const first = { ...link('a', 'erased', null, 2), ...back(1) };
    const second = { ...link('b', 'erased', 'a', 1), ...back(2) };
    const third = { ...link('c', 'erased', 'b', 1), readBack: 'confirmed', readBackAt: at(3) } as const;
    expect(currentParts([first])).toMatchObject([{ id: 'a', cameBackAt: at(1) }]);
    expect(currentParts([first, link('b', null, 'a')])).toMatchObject([{ id: 'a', cameBackAt: at(1) }]);
    expect(currentParts([first, second])).toMatchObject([{ id: 'b', rows: 3, cameBackAt: at(2) }]);
    expect(currentParts([third, second, first])).toMatchObject([
      { id: 'c', rows: 4, cameBackAt: at(2), readBack: 'confirmed', readBackAt: at(3) },
    ]);
    expect(currentParts([third])).toEqual([]);
  });

  it('is as its last settled successor says, with the rows of all, in whatever order they come', () => {
    const links = [
      link('a', 'held', null, 2, false),
      link('b', 'held', 'a', 1),
      link('c', 'erased', 'b', 4),
      link('x', 'erased', null, 9),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(links, { minLength: 4 }), (shuffled) => {
        const parts = currentParts(shuffled).toSorted((a, b) => (a.id < b.id ? -1 : 1));
        expect(parts).toMatchObject([
          { id: 'c', outcome: 'erased', rows: 7, exact: false },
          { id: 'x', rows: 9, exact: true },
        ]);
      }),
    );
  });
});

const now = new Date('2026-06-15T12:00:00Z');
const step = (
  keep: string,
  onlyPurposes: readonly string[] | null = null,
  from = 'collected',
): SweepStep => ({
  rule: 'old',
  keep,
  from,
  onlyPurposes,
});
const sweep = (cutOff: string, more: Partial<WaitedSweep> = {}): WaitedSweep => ({
  id: 'a',
  moment: 'collected',
  onlyPurposes: null,
  cutOff: new Date(cutOff),
  ...more,
});

describe('a sweep that waited', () => {
  it.each([
    ['the policy of then', [step('P1Y')], {}, true],
    ['a stricter policy', [step('P6M')], {}, true],
    ['a policy that keeps longer', [step('P10Y')], {}, false],
    ['a policy that keeps indefinitely', [], {}, false],
    ['a policy that counts from elsewhere', [step('P1Y', null, 'last_used')], {}, false],
    ['a policy that now asks by purpose', [step('P1Y', ['ads'])], {}, false],
    ['a policy that asks by purpose no longer', [step('P1Y')], { onlyPurposes: ['ads'] }, true],
    ['a policy for more purposes', [step('P1Y', ['ads', 'news'])], { onlyPurposes: ['news'] }, true],
    ['a policy for other purposes', [step('P1Y', ['ads'])], { onlyPurposes: ['news'] }, false],
    ['a policy for rows that list nothing', [step('P1Y', [])], { onlyPurposes: [] }, true],
    ['a policy for rows that list something', [step('P1Y', ['ads'])], { onlyPurposes: [] }, false],
    [
      'one of several steps',
      [step('P10Y', ['ads']), step('P1Y', ['news'])],
      { onlyPurposes: ['news'] },
      true,
    ],
  ] as const)('under %s', (_, steps, more, expected) => {
    expect(isStillDue(sweep('2025-06-01T00:00:00Z', more), steps, now)).toBe(expected);
  });

  it('goes on alone, if it reaches furthest of those that remove the same', () => {
    const sweeps = [
      sweep('2025-01-01T00:00:00Z', { id: 'a' }),
      sweep('2025-03-01T00:00:00Z', { id: 'c' }),
      sweep('2025-03-01T00:00:00Z', { id: 'b' }),
      sweep('2025-02-01T00:00:00Z', { id: 'd', onlyPurposes: ['ads', 'news'] }),
      sweep('2025-01-01T00:00:00Z', { id: 'e', onlyPurposes: ['news', 'ads'] }),
      sweep('2025-01-01T00:00:00Z', { id: 'f', onlyPurposes: [] }),
      sweep('2025-01-01T00:00:00Z', { id: 'g', moment: 'last_used' }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(sweeps, { minLength: sweeps.length }), (shuffled) => {
        expect(
          overtaken(shuffled)
            .map(({ id }) => id)
            .toSorted(),
        ).toEqual(['a', 'c', 'e']);
      }),
    );
  });
});

describe('what goes on', () => {
  const ours = { causeId: 'r', subjectRef: 's' };

  it('waits for its sources of the same cause and person that go on as well, and for nothing else', () => {
    const open = [
      { ...ours, dataset: 'shop/tags' },
      { ...ours, dataset: 'shop/clicks' },
      { causeId: 'other', subjectRef: 's', dataset: 'shop/ratings' },
      { causeId: 'r', subjectRef: 'other', dataset: 'shop/ratings' },
    ];
    expect(awaitsOf(ours, ['shop/tags', 'shop/ratings'], open)).toEqual(['shop/tags']);
    expect(awaitsOf(ours, [], open)).toEqual([]);
  });
});
