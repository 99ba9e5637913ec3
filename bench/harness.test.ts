import { describe, expect, it } from 'vitest';
import { alone, alternate, compare, Series } from './harness.js';

const named = { name: 'a', unit: 'ms' };

describe('a figure beside its floor', () => {
  it('has the median of the ratios of each round, not the ratio of the medians', () => {
    // The machine was three times slower in the second round, for both.
    const row = compare(named, [10, 36, 11], [10, 30, 10]);
    expect(row).toMatchObject({ value: 11, floor: 10, target: null, ok: null });
    expect(row.ratio).toBeCloseTo(1.1);
    expect(row.spread).toBeCloseTo(0.2 / 1.1);
  });

  it('misses a target by however little', () => {
    expect(compare({ ...named, target: { atMost: 1.2 } }, [120], [100])).toMatchObject({ ok: true });
    expect(compare({ ...named, target: { atMost: 1.2 } }, [120.1], [100])).toMatchObject({
      ok: false,
      target: '<= 1.20',
    });
    expect(compare({ ...named, target: { atLeast: 0.8 } }, [79.9], [100])).toMatchObject({
      ok: false,
      target: '>= 0.80',
    });
  });

  it('meets no target when a round of the floor is missing', () => {
    expect(compare({ ...named, target: { atMost: 1.2 } }, [1, 1], [100])).toMatchObject({ ok: false });
  });
});

it('a figure without a floor has no ratio and can miss nothing', () => {
  expect(alone(named, [1, 3, 2])).toMatchObject({ value: 2, floor: null, ratio: null, ok: null, spread: 1 });
});

it('rounds alternate, each series goes first in turn, and warm-ups are not kept', async () => {
  const order: string[] = [];
  const series = ['a', 'b', 'c'].map(
    (name) =>
      new Series(() => {
        order.push(name);
        return Promise.resolve(order.length);
      }),
  );
  await alternate(series, { warmUps: 1, rounds: 3 });
  expect(order.join('')).toBe('abc' + 'abc' + 'bca' + 'cab');
  expect(series.map(({ rounds }) => rounds)).toEqual([
    [4, 9, 11],
    [5, 7, 12],
    [6, 8, 10],
  ]);
});
