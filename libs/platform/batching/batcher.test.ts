import { describe, expect, it } from 'vitest';
import { Batcher } from './index.js';

const always = () => true;

describe('batching', () => {
  it('fails everybody at once when no item is at fault, without trying each', async () => {
    let flushes = 0;
    const flush = async (): Promise<readonly number[]> => {
      await Promise.resolve();
      flushes += 1;
      throw new Error('the database is gone');
    };
    const batcher = new Batcher<number, number>(flush, () => false);
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, item) => batcher.submit(item)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(flushes).toBe(1);
  });

  it('flushes a lone item at once and what arrived meanwhile together', async () => {
    const batches: (readonly number[])[] = [];
    const gates: (() => void)[] = [];
    const batcher = new Batcher<number, number>(async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => gates.push(resolve));
      return items.map((item) => item * 2);
    }, always);
    const first = batcher.submit(1);
    await expect.poll(() => batches).toEqual([[1]]);
    const rest = [2, 3, 4].map((item) => batcher.submit(item));
    gates.shift()?.();
    expect(await first).toBe(2);
    await expect.poll(() => batches.length).toBe(2);
    gates.shift()?.();
    expect(await Promise.all(rest)).toEqual([4, 6, 8]);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('fails a bad item alone', async () => {
    const batcher = new Batcher<number, number>(async (items) => {
      await Promise.resolve();
      if (items.includes(13)) throw new Error('bad row');
      return [...items];
    }, always);
    const results = await Promise.allSettled([1, 13, 2, 3].map((item) => batcher.submit(item)));
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('never flushes more than the limit', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(
      async (items) => {
        await Promise.resolve();
        sizes.push(items.length);
        return [...items];
      },
      always,
      10,
    );
    await Promise.all(Array.from({ length: 95 }, (_, item) => batcher.submit(item)));
    expect(Math.max(...sizes)).toBe(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(95);
  });
});
