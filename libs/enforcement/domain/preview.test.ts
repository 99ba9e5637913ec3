import { describe, expect, it } from 'vitest';
import { storeId } from '#kernel';
import { countOf, totalsOf, type PreviewAction } from './preview.js';

const part = {
  storeId: storeId('0190f5d8-8f7a-7c3e-8b1a-0123456789ab'),
  dataset: 'clicks',
  action: 'erase',
  people: 1,
  hold: null,
  basis: null,
  retainedUntil: null,
  note: null,
} as const;
const said = new Map([
  ['a', { subject: 'a', rows: 2 }],
  ['b', { subject: 'b', rows: 0 }],
  ['c', { subject: 'c', failure: 'conflict' as const }],
]);

describe('what was counted of a part', () => {
  it.each([
    [
      'everybody’s rows, and who has any',
      [['a'], ['b']],
      undefined,
      { rows: 2, found: 1, exact: true, error: null },
    ],
    [
      'rows that two people share once',
      [['a'], ['a', 'b']],
      undefined,
      { rows: 2, found: 2, exact: true, error: null },
    ],
    [
      'at least so many, with one who failed',
      [['a'], ['c']],
      undefined,
      { rows: 2, found: 1, exact: false, error: 'conflict' },
    ],
    [
      'a key without an answer as a fault',
      [['x']],
      undefined,
      { rows: null, found: null, exact: false, error: 'unexpected_response' },
    ],
    [
      'nothing where the store failed',
      [['a']],
      'timeout',
      { rows: null, found: null, exact: false, error: 'timeout' },
    ],
    [
      'nothing of people without a key',
      [[], []],
      undefined,
      { rows: null, found: null, exact: false, error: null },
    ],
  ] as const)('is %s', (_, keys, failure, expected) => {
    expect(countOf({ part, keys }, said, failure)).toEqual(expected);
  });
});

describe('totals', () => {
  const of = (action: PreviewAction, rows: number | null) => ({ action, rows, exact: rows !== null });
  it.each([
    ['add up by action', [of('erase', 2), of('erase', 3), of('held', 4)], [5, 4, 0, 0, true]],
    [
      'are not known where a part is not',
      [of('erase', 2), of('erase', null), of('held', 1)],
      [null, 1, 0, 0, false],
    ],
    ['are exact when what stays is not', [of('erase', 2), of('unsupported', null)], [2, 0, 0, null, true]],
    ['are none of nothing', [], [0, 0, 0, 0, true]],
  ] as const)('%s', (_, parts, [erase, held, retained, unsupported, exact]) => {
    expect(totalsOf(parts)).toEqual({ erase, held, retained, unsupported, exact });
  });
});
