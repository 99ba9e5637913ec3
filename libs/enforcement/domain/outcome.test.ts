import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from './outcome.js';

describe('judging an attempt', () => {
  it.each([
    ['removed rows and found none left', { removed: 3, left: 0, attempt: 1 }, 'erased', true],
    ['found nothing at all at the first attempt', { removed: 0, left: 0, attempt: 1 }, 'not_found', true],
    [
      'found nothing after an attempt that may have acted',
      { removed: 0, left: 0, attempt: 2 },
      'erased',
      false,
    ],
    ['removed rows at a later attempt', { removed: 1, left: 0, attempt: 3 }, 'erased', false],
    [
      'was refused for good',
      { removed: 0, left: 0, attempt: 1, failure: 'unauthorized' as const },
      'failed',
      false,
    ],
    [
      'ran out of attempts',
      { removed: 0, left: 0, attempt: 20, failure: 'timeout' as const },
      'failed',
      false,
    ],
  ])('settles when it %s', (_, evidence, outcome, exact) => {
    expect(judge(evidence, 0.5)).toMatchObject({ kind: 'settle', outcome, exact });
  });

  it('tries again when the read-back still finds rows, whatever the act claimed', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1 }),
        fc.integer({ min: 1, max: 19 }),
        (removed, left, attempt) => {
          expect(judge({ removed, left, attempt }, 0.1)).toMatchObject({ kind: 'retry', error: 'conflict' });
        },
      ),
    );
  });

  it('never calls anything erased or not found that failed or has rows left', () => {
    const codes = fc.constantFrom('unreachable', 'timeout', 'conflict', 'invalid_config', undefined);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        codes,
        (removed, left, attempt, failure) => {
          const verdict = judge(
            failure === undefined ? { removed, left, attempt } : { removed, left, attempt, failure },
            0,
          );
          if (failure === undefined && left === 0) return;
          expect(verdict.kind === 'retry' || verdict.outcome === 'failed').toBe(true);
        },
      ),
    );
  });

  it('waits longer after each failure, within bounds', () => {
    const delays = Array.from({ length: 19 }, (_, index) =>
      judge({ removed: 0, left: 0, attempt: index + 1, failure: 'unreachable' }, 0),
    );
    const waits = delays.map((verdict) =>
      verdict.kind === 'retry' ? verdict.afterMilliseconds : Number.NaN,
    );
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * 60_000);
  });
});
