import { expect, it } from 'vitest';
import type { Connector, Dataset } from '../contract.js';
import { after, datasetOf, noon, options, rowsOf, sorted, type Harness, type WithStore } from './harness.js';

export function testSweeps(harness: Harness, withStore: WithStore): void {
  testCutOff(harness, withStore);
  testPieces(harness, withStore);
}

function testCutOff(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('removes what was collected strictly before the cut-off, and nothing of unknown age', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [
        ...rowsOf('a', 1, noon),
        ...rowsOf('b', 1, after(noon, 1)),
        ...rowsOf('c', 2, null),
      ]);
      const staying = await sorted(store, dataset);
      await store.insert(dataset, [
        ...rowsOf('a', 2, after(noon, -1)),
        ...rowsOf(null, 1, new Date('1960-02-03T04:05:06.007Z')),
      ]);
      expect(await connector.countBefore(dataset, noon, options.signal)).toBe(3);
      expect(await sweep(connector, dataset, noon, 1_000)).toBe(3);
      expect(await sorted(store, dataset)).toEqual(staying);
      expect(await connector.countBefore(dataset, noon, options.signal)).toBe(0);
    }));
}

function testPieces(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('goes on where it ended: the pieces add up to the count, and no row is left', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      for (let batch = 0; batch < 4; batch += 1) {
        const rows = Array.from({ length: 250 }, (_, index) => ({
          key: `p${index}`,
          at: after(noon, (index % 5) - 2),
          body: `row ${batch} ${index}`,
        }));
        await store.insert(dataset, rows);
      }
      const count = await connector.countBefore(dataset, noon, options.signal);
      expect(count).toBe(400);
      expect(await sweep(connector, dataset, noon, 30)).toBe(count);
      expect(await connector.countBefore(dataset, noon, options.signal)).toBe(0);
      expect(await store.read(dataset)).toHaveLength(600);
    }));

  it('removes about as much in a call as it was allowed to', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      for (let batch = 0; batch < 5; batch += 1)
        await store.insert(dataset, rowsOf(`p${batch}`, 100, after(noon, -1)));
      const first = await connector.purgeBefore(dataset, noon, { ...options, limit: 100 });
      expect(first.rows).toBeLessThanOrEqual(100);
      expect(first.cursor).toBeDefined();
      expect(await store.read(dataset)).toHaveLength(500 - first.rows);
    }));
}

async function sweep(connector: Connector, dataset: Dataset, cutOff: Date, limit: number): Promise<number> {
  let rows = 0;
  let cursor: string | undefined;
  for (let step = 0; step < 1_000; step += 1) {
    const result = await connector.purgeBefore(dataset, cutOff, {
      ...options,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows += result.rows;
    cursor = result.cursor;
    if (cursor === undefined) return rows;
  }
  throw new Error('the sweep does not end');
}
