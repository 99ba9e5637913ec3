import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeReadBack, mostTries, rounds } from './read-back.js';

describe('a second read-back', () => {
  it.each([
    [
      { rows: 0, tries: 1 },
      { kind: 'end', result: 'confirmed', error: null },
    ],
    [
      { rows: 0, tries: 50 },
      { kind: 'end', result: 'confirmed', error: null },
    ],
    [
      { rows: 1, tries: 1 },
      { kind: 'end', result: 'came_back', error: null },
    ],
    [
      { rows: 3, tries: mostTries },
      { kind: 'end', result: 'came_back', error: null },
    ],
    [
      { rows: 0, tries: 1, failure: 'unreachable' },
      { kind: 'retry', afterMilliseconds: 250 },
    ],
    [
      { rows: 0, tries: 2, failure: 'unauthorized' },
      { kind: 'retry', afterMilliseconds: 500 },
    ],
    [
      { rows: 7, tries: 3, failure: 'invalid_config' },
      { kind: 'retry', afterMilliseconds: 1_000 },
    ],
    [
      { rows: 0, tries: mostTries - 1, failure: 'timeout' },
      { kind: 'retry', afterMilliseconds: 450_000 },
    ],
    [
      { rows: 0, tries: mostTries, failure: 'timeout' },
      { kind: 'end', result: 'failed', error: 'timeout' },
    ],
  ] as const)('that found %j: %j', (finding, verdict) => {
    expect(judgeReadBack(finding, 0)).toEqual(verdict);
  });

  it('confirms nothing when the store did not answer, and waits a quarter of an hour at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 * mostTries }),
        fc.integer({ min: 0, max: 9 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (tries, rows, jitter) => {
          const verdict = judgeReadBack({ rows, tries, failure: 'unreachable' }, jitter);
          if (verdict.kind === 'end') expect(verdict.result).toBe('failed');
          else expect(verdict.afterMilliseconds).toBeLessThanOrEqual(900_000);
        },
      ),
    );
  });
});

describe('the calls of a read-back', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

  it.each([
    [[], []],
    [
      [
        ['ann', 1],
        ['bob', 2],
      ],
      [
        [
          ['ann', 1],
          ['bob', 2],
        ],
      ],
    ],
    [
      [
        ['ann', 1],
        ['ann', 1],
      ],
      [[['ann', 1]]],
    ],
    [
      [
        ['ann', 1],
        ['bob', 2],
        ['ann', 2],
      ],
      [
        [
          ['ann', 1],
          ['bob', 2],
        ],
        [['ann', 2]],
      ],
    ],
  ] as const)('for %j are %j', (sought, calls) => {
    const given = sought.map(([subject, minute]) => ({ subject, asOf: at(minute) }));
    const told = rounds(given).map((call) =>
      call.map(({ subject, asOf }) => [subject, asOf.getUTCMinutes()]),
    );
    expect(told).toEqual(calls);
  });
});
