import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '#policy';
import { breaches, type PlacedImpact } from './breaches.js';
import { cutOffsOf, impactOf, reaches, type CountedAges, type DatedStep } from './impact.js';

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const policy = parsePolicy(
  'purposes: { a: { title: A, legalBasis: consent }, b: { title: B, legalBasis: consent } }',
);
const step = (
  rule: string,
  before: number,
  onlyPurposes: readonly string[] | null = null,
  from = 'collected',
): DatedStep => ({
  rule,
  keep: 'P1D',
  from,
  onlyPurposes,
  cutOff: day(before),
});

interface Row {
  readonly purposes: readonly string[];
  /** The day of January on which it was collected; null without a date. */
  readonly on: number | null;
}

/** What a connector would answer for these rows. */
function countAges(rows: readonly Row[], cutOffs: readonly Date[]): readonly CountedAges[] {
  const groups = Map.groupBy(rows, ({ purposes }) => purposes.join());
  return [...groups.values()].map((group) => ({
    purposes: group[0]!.purposes,
    rows: group.length,
    undated: group.filter(({ on }) => on === null).length,
    before: cutOffs.map((cut) => group.filter(({ on }) => on !== null && day(on) < cut).length),
  }));
}

const row: fc.Arbitrary<Row> = fc.record({
  purposes: fc.subarray(['a', 'b', 'x']),
  on: fc.option(fc.integer({ min: 1, max: 9 })),
});
const only = fc.option(fc.subarray(['a', 'b']), { nil: null });
const steps = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 10 }), only), { maxLength: 4 })
  .map((list) => list.map(([before, purposes], index) => step(`r${index}`, before, purposes)));

describe('what a policy would remove from a dataset', () => {
  it('is, row for row, what its sweeps would remove, and what those of the policy before would remove as well', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), steps, steps, (rows, before, after) => {
        const cutOffs = cutOffsOf([...before, ...after]);
        const counted = new Map(
          [...cutOffs].map(([from, cuts]) => [from, { cutOffs: cuts, groups: countAges(rows, cuts) }]),
        );
        const impact = impactOf(before, after, counted, policy);
        const removes = (list: readonly DatedStep[], { purposes, on }: Row) =>
          on !== null && list.some((one) => reaches(one, purposes) && day(on) < one.cutOff);
        expect(impact.due).toBe(rows.filter((one) => removes(after, one)).length);
        expect(impact.dueAlready).toBe(
          rows.filter((one) => removes(after, one) && removes(before, one)).length,
        );
        expect(impact.byRule.reduce((sum, one) => sum + one.rows, 0)).toBe(impact.due);
        if (cutOffs.size > 0) {
          expect(impact.rows).toBe(rows.length);
          expect(impact.undated).toBe(rows.filter(({ on }) => on === null).length);
          expect(impact.unknownPurpose).toBe(rows.filter(({ purposes }) => purposes.includes('x')).length);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('asks for each cut-off once, by the moment it counts from', () => {
    const asked = cutOffsOf([
      step('a', 3),
      step('b', 3, ['a']),
      step('c', 4),
      step('d', 3, null, 'last_used'),
    ]);
    expect([...asked]).toEqual([
      ['collected', [day(3), day(4)]],
      ['last_used', [day(3)]],
    ]);
  });
});

describe('a limit', () => {
  const impact = (
    store: string,
    dataset: string,
    rows: number,
    due: number,
    dueAlready = 0,
  ): PlacedImpact => ({
    store,
    dataset,
    rows,
    due,
    dueAlready,
    byRule: [],
    undated: 0,
    unknownPurpose: 0,
  });
  const broken = (limits: object, ...impacts: readonly PlacedImpact[]) =>
    breaches(parsePolicy(JSON.stringify({ limits })).limits, impacts).map(({ limit, store, dataset }) => [
      limit,
      store,
      dataset,
    ]);

  it.each([
    ['as many rows as allowed', { all: { rows: 10 } }, [impact('s', 'd', 100, 10)], []],
    ['one row more', { all: { rows: 10 } }, [impact('s', 'd', 100, 11)], [['all', 's', null]]],
    [
      'one row more, of two datasets together',
      { all: { rows: 10 } },
      [impact('s', 'd', 100, 6), impact('s', 'e', 100, 5)],
      [['all', 's', null]],
    ],
    [
      'what two stores remove, each for itself',
      { all: { rows: 10 } },
      [impact('s', 'd', 100, 6), impact('t', 'd', 100, 5)],
      [],
    ],
    [
      'what was due before the change',
      { all: { rows: 10, share: 0.1 } },
      [impact('s', 'd', 100, 90, 85)],
      [],
    ],
    ['as large a share as allowed', { all: { share: 0.2 } }, [impact('s', 'd', 100, 20)], []],
    [
      'a larger share of one dataset',
      { all: { share: 0.2 } },
      [impact('s', 'd', 100, 20), impact('s', 'e', 10, 3)],
      [['all', 's', 'e']],
    ],
    ['another store', { all: { store: 't', rows: 0, share: 0 } }, [impact('s', 'd', 100, 20)], []],
    [
      'anything, where nothing is allowed',
      { all: { rows: 0 } },
      [impact('s', 'd', 100, 1)],
      [['all', 's', null]],
    ],
    ['an empty store', { all: { rows: 0, share: 0 } }, [impact('s', 'd', 0, 0)], []],
  ])('judges %s', (_, limits, impacts, expected) => {
    expect(broken(limits, ...impacts)).toEqual(expected);
  });
});
