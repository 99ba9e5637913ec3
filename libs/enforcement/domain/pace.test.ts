import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterTimedCall, fullPace, isSlow, type Pace } from './pace.js';

const call = (people: number, milliseconds: number, overloaded = false) => ({
  people,
  milliseconds,
  overloaded,
});
const usual: Pace = { size: 5_000, baseline: 1 };

describe('a call', () => {
  it.each([
    ['the first, however long it took', fullPace, call(10, 60_000), false],
    ['as long as usual', usual, call(1_000, 1_000), false],
    ['twice as long as usual', usual, call(1_000, 2_000), false],
    ['more than twice as long as usual', usual, call(1_000, 2_300), true],
    ['short: what a call costs at least', usual, call(1, 250), false],
    ['one that the store could not finish in time', fullPace, call(10, 1, true), true],
  ])('is judged: %s', (_, pace, timed, slow) => {
    expect(isSlow(pace, timed)).toBe(slow);
  });

  it.each([
    ['halves what the next one takes when it was slow', usual, call(5_000, 20_000), 2_500],
    ['halves what it took itself, if that was less', usual, call(300, 9_000), 150],
    ['leaves at least ten', { ...usual, size: 12 }, call(12, 9_000), 10],
    ['adds a hundred when it was not', { ...usual, size: 500 }, call(500, 500), 600],
    ['adds no more than to the full size', { ...usual, size: 4_950 }, call(500, 500), 5_000],
  ])('%s', (_, pace, timed, size) => {
    expect(afterTimedCall(pace, timed).size).toBe(size);
  });

  it('teaches what is usual: fast when it was, slowly when it was slow, hardly when it was small', () => {
    expect(afterTimedCall(fullPace, call(100, 300)).baseline).toBe(3);
    expect(afterTimedCall(usual, call(1_000, 2_000)).baseline).toBeCloseTo(1.2);
    expect(afterTimedCall(usual, call(1_000, 11_000)).baseline).toBeCloseTo(1.2);
    expect(afterTimedCall(usual, call(1, 200)).baseline).toBeCloseTo(1.398);
    expect(afterTimedCall(usual, call(1_000, 11_000, true)).baseline).toBe(1);
  });
});

describe('the size', () => {
  it('stays between ten and five thousand, whatever calls tell', () => {
    const calls = fc.record({
      people: fc.integer({ min: 1, max: 2_000 }),
      milliseconds: fc.integer({ min: 0, max: 600_000 }),
      overloaded: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(calls, { maxLength: 100 }), (all) => {
        const { size } = all.reduce(afterTimedCall, fullPace);
        expect(size).toBeGreaterThanOrEqual(10);
        expect(size).toBeLessThanOrEqual(5_000);
      }),
    );
  });

  it('comes back by itself where a store became slower for good', () => {
    let pace = usual;
    for (let time = 0; time < 400; time++) pace = afterTimedCall(pace, call(pace.size, pace.size * 4 + 200));
    expect(pace.size).toBe(5_000);
  });
});
