import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subjectRef } from '#kernel';
import { broader } from './compiled-policy.js';
import { parsePolicy } from './compose-policy.js';
import type { GovernedDataset } from './governed.js';
import { beyond, mayCover, sweepUnder, type Removal } from './hold-match.js';
import type { HoldScope } from './hold.js';
import { scopeFaults } from './hold-scope.js';

const ann = subjectRef('6f6f3c5e-8d2a-4c1b-9e55-0a1b2c3d4e5f');
const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const policy = parsePolicy(`
purposes:
  marketing: { title: Marketing, legalBasis: consent }
  letters: { title: Letters, legalBasis: consent, within: marketing }
  training: { title: Training, legalBasis: consent }
categories: { film.taste: { title: Taste } }
`);
const everything: HoldScope = {
  subjectRefs: [],
  stores: [],
  datasets: [],
  categories: [],
  purposes: [],
  collectedFrom: null,
  collectedUntil: null,
};

function dataset(more: Partial<GovernedDataset> = {}, ...categories: readonly string[]): GovernedDataset {
  const fields = (categories.length === 0 ? ['user.behavior'] : categories).map((category, index) => ({
    field: `f${index}`,
    category,
    structural: false,
    own: null,
  }));
  return {
    store: 'shop',
    dataset: 'ratings',
    purposes: ['letters'],
    jurisdiction: null,
    moments: [],
    fields,
    ...more,
  };
}
const removal = (more: Partial<Removal> = {}): Removal => ({
  dataset: dataset(),
  upTo: day(10),
  undated: false,
  moment: 'collected',
  onlyPurposes: null,
  ...more,
});
const byRow = dataset({ purposes: null });

describe('a hold may cover', () => {
  it.each([
    ['its store', { stores: ['shop'] }, {}, true],
    ['no other store', { stores: ['lake'] }, {}, false],
    ['its dataset', { datasets: ['shop/ratings'] }, {}, true],
    ['no dataset of that name elsewhere', { datasets: ['lake/ratings'] }, {}, false],
    ['a category below', { categories: ['user'] }, {}, true],
    ['no category above', { categories: ['user.behavior.purchase_history'] }, {}, false],
    ['no category that only begins alike', { categories: ['user.behav'] }, {}, false],
    [
      'rows of which one field is of it',
      { categories: ['user.contact'] },
      { dataset: dataset({}, 'user.behavior', 'user.contact.email') },
      true,
    ],
    ['its purpose', { purposes: ['letters'] }, {}, true],
    ['a purpose within', { purposes: ['marketing'] }, {}, true],
    [
      'no purpose around',
      { purposes: ['letters'] },
      { dataset: dataset({ purposes: ['marketing'] }) },
      false,
    ],
    ['rows that may list it', { purposes: ['letters'] }, { dataset: byRow }, true],
    [
      'no rows that list others only',
      { purposes: ['letters'] },
      { dataset: byRow, onlyPurposes: ['training'] },
      false,
    ],
    ['no rows that list nothing', { purposes: ['letters'] }, { dataset: byRow, onlyPurposes: [] }, false],
    ['what was collected on its first day', { collectedFrom: day(10) }, {}, true],
    ['nothing from before', { collectedFrom: new Date(day(10).getTime() + 1) }, {}, false],
    ['what may be of any time', { collectedFrom: day(20) }, { undated: true }, true],
    ['what may be from before its last day', { collectedUntil: day(1) }, {}, true],
    ['what goes by another moment', { collectedFrom: day(20) }, { moment: 'last_used' }, true],
    ['only what all of it names', { stores: ['shop'], purposes: ['training'] }, {}, false],
    ['any of several names', { stores: ['lake', 'shop'], categories: ['user.device', 'user'] }, {}, true],
  ] as const)('%s', (_, scope, more, expected) => {
    expect(mayCover({ ...everything, ...scope }, removal(more), policy.purposes)).toBe(expected);
  });
});

describe('more is held than the hold names', () => {
  it.each([
    ['never of people', { subjectRefs: [ann] }, {}, []],
    ['never of a dataset', { datasets: ['shop/ratings'] }, {}, []],
    ['never where every field is of the category', { categories: ['user'] }, {}, []],
    [
      'where some field is not',
      { categories: ['user.contact'] },
      { dataset: dataset({}, 'user.contact', 'user.behavior') },
      ['category'],
    ],
    ['where rows list purposes', { purposes: ['letters'] }, { dataset: byRow }, ['purpose']],
    ['from before its time', { collectedFrom: day(1) }, {}, ['time of collection']],
    ['from after its time', { collectedUntil: day(1) }, {}, ['time of collection']],
    ['never when nothing is younger', { collectedUntil: day(10) }, {}, []],
    [
      'for several reasons',
      { categories: ['x'], purposes: ['letters'], collectedFrom: day(1) },
      { dataset: byRow },
      ['category', 'purpose', 'time of collection'],
    ],
  ] as const)('%s', (_, scope, more, expected) => {
    expect(beyond({ ...everything, ...scope }, removal(more))).toEqual(expected);
  });
});

describe('what a scope names', () => {
  it('has to exist, each name with its place', () => {
    const named = {
      stores: ['shop', 'lake'],
      datasets: ['shop/ratings', 'ratings'],
      categories: ['user.contact', 'film.taste', 'pd:EmailAddress', 'user.contakt'],
      purposes: ['training', 'spying', 'unheard'],
    };
    const registered = [dataset({ purposes: ['unheard'] })];
    expect(scopeFaults(named, registered, policy).map(({ pointer }) => pointer)).toEqual([
      '/scope/stores/1',
      '/scope/datasets/1',
      '/scope/categories/3',
      '/scope/purposes/1',
    ]);
    const without = scopeFaults(named, [], undefined).map(({ pointer }) => pointer);
    expect(without).toContain('/scope/categories/1');
    expect(without).toContain('/scope/purposes/0');
  });
});

/** One row of a dataset, and whether a hold names it: to the letter. */
interface Row {
  readonly who: 'ann' | 'bob';
  readonly on: number | null;
  readonly purposes: readonly string[];
}
function isNamed(scope: HoldScope, of: GovernedDataset, row: Row): boolean {
  const any = (named: readonly string[], own: readonly string[]) =>
    named.length === 0 || named.some((name) => own.includes(name));
  const purposes = of.purposes ?? row.purposes;
  const served = purposes.flatMap((one) => (one === 'letters' ? ['letters', 'marketing'] : [one]));
  return (
    (scope.subjectRefs.length === 0 || row.who === 'ann') &&
    any(scope.stores, [of.store]) &&
    any(scope.datasets, [`${of.store}/${of.dataset}`]) &&
    any(
      scope.categories,
      of.fields.flatMap(({ category }) => broader(category)),
    ) &&
    any(scope.purposes, served) &&
    isOfTime(scope, row)
  );
}
/** A row without a date may be of any time. */
function isOfTime({ collectedFrom, collectedUntil }: HoldScope, { on }: Row): boolean {
  if (on === null) return true;
  return (
    (collectedFrom === null || day(on) >= collectedFrom) &&
    (collectedUntil === null || day(on) <= collectedUntil)
  );
}

const names = ['letters', 'marketing', 'training'];
const someDay = fc.integer({ min: 1, max: 6 });
const scopes: fc.Arbitrary<HoldScope> = fc.record({
  subjectRefs: fc.constantFrom([], [ann]),
  stores: fc.subarray(['shop', 'lake'], { maxLength: 1 }),
  datasets: fc.constantFrom([], ['shop/ratings'], ['shop/clicks']),
  categories: fc.subarray(['user', 'user.behavior', 'user.contact'], { maxLength: 2 }),
  purposes: fc.subarray(names, { maxLength: 1 }),
  collectedFrom: fc.option(someDay.map(day)),
  collectedUntil: fc.option(someDay.map(day)),
});
const datasets = fc
  .record({
    purposes: fc.option(fc.subarray(names, { minLength: 1 })),
    categories: fc.subarray(['user.behavior.purchase_history', 'user.contact.email'], { minLength: 1 }),
  })
  .map(({ purposes, categories }) => dataset({ purposes }, ...categories));
const rows: fc.Arbitrary<Row> = fc.record({
  who: fc.constantFrom('ann' as const, 'bob' as const),
  on: fc.option(someDay),
  purposes: fc.subarray(names),
});
const onlies = fc.option(fc.subarray(names));
const lists = ({ purposes }: Row, only: readonly string[] | null) => {
  if (only === null) return true;
  if (only.length === 0) return purposes.length === 0;
  return purposes.length > 0 && purposes.every((purpose) => only.includes(purpose));
};

describe('no row that a hold names', () => {
  it('is in what may be removed of a person', () => {
    fc.assert(
      fc.property(scopes, datasets, rows, onlies, someDay, (scope, of, row, only, upTo) => {
        const work = removal({
          dataset: of,
          onlyPurposes: of.purposes === null ? only : null,
          upTo: day(upTo),
          undated: true,
        });
        const goes = (row.on === null || row.on <= upTo) && lists(row, work.onlyPurposes);
        fc.pre(goes && isNamed(scope, of, row));
        expect(mayCover(scope, work, policy.purposes)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is in what a sweep may still do', () => {
    fc.assert(
      fc.property(scopes, datasets, rows, onlies, someDay, (scope, of, row, only, before) => {
        const onlyPurposes = of.purposes === null ? only : null;
        const upTo = new Date(day(before).getTime() - 1);
        const work = removal({ dataset: of, onlyPurposes, upTo });
        const swept = (cutOff: Date) => row.on !== null && day(row.on) < cutOff && lists(row, onlyPurposes);
        fc.pre(swept(day(before)) && isNamed(scope, of, row));
        expect(mayCover(scope, work, policy.purposes)).toBe(true);
        const under = sweepUnder(scope, work);
        const goes =
          (under.kind === 'without_people' && row.who !== 'ann') ||
          (under.kind === 'before' && swept(under.cutOff));
        expect(goes).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('by another moment than its collection stops a sweep as a whole', () => {
    const dated = { ...everything, collectedFrom: day(3) };
    expect(sweepUnder(dated, { moment: 'last_used' })).toEqual({ kind: 'not_at_all' });
    expect(sweepUnder(dated, { moment: 'collected' })).toEqual({ kind: 'before', cutOff: day(3) });
    expect(sweepUnder({ ...everything, collectedUntil: day(3) }, { moment: 'collected' })).toEqual({
      kind: 'not_at_all',
    });
  });
});
