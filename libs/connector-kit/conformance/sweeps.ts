import { expect, it } from 'vitest';
import { rowsBefore } from '../domain/ages.js';
import type { Connector, Dataset } from '../contract.js';
import {
  countBefore,
  after,
  datasetOf,
  noon,
  options,
  rowsOf,
  sorted,
  type Harness,
  type TestStore,
  type WithStore,
} from './harness.js';

export function testSweeps(harness: Harness, withStore: WithStore): void {
  testCutOff(harness, withStore);
  testPieces(harness, withStore);
  testAges(harness, withStore);
  if (harness.manifest.capabilities.includes('purposes_by_column')) testListed(harness, withStore);
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
      expect(await countBefore(connector, dataset, noon)).toBe(3);
      expect(await sweep(connector, dataset, noon, 1_000)).toBe(3);
      expect(await sorted(store, dataset)).toEqual(staying);
      expect(await countBefore(connector, dataset, noon)).toBe(0);
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
      const count = await countBefore(connector, dataset, noon);
      expect(count).toBe(400);
      expect(await sweep(connector, dataset, noon, 30)).toBe(count);
      expect(await countBefore(connector, dataset, noon)).toBe(0);
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

function testAges(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);
  const purposes = dataset.purposesField === undefined ? null : [];

  it('counts all cut-offs at once, in whatever order and however often they come', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      expect(await connector.countAges(dataset, [noon], options.signal)).toEqual([]);
      const ages = [-5, -5, -1, 0, 0, 0, 1, 7];
      for (const [index, age] of ages.entries())
        await store.insert(dataset, rowsOf(`p${index}`, 1, after(noon, age)));
      await store.insert(dataset, [...rowsOf('x', 2, null), ...rowsOf('x', 1, new Date(-1))]);
      const asked = [1, -9, 0, 100, -1, 0, -5, -4].map((age) => after(noon, age));
      expect(await connector.countAges(dataset, asked, options.signal)).toEqual([
        { purposes, rows: 11, undated: 2, before: [7, 1, 4, 9, 3, 4, 1, 3] },
      ]);
      expect(await connector.countAges(dataset, [], options.signal)).toEqual([
        { purposes, rows: 11, undated: 2, before: [] },
      ]);
      for (const [cutOff, expected] of [
        [-4, 3],
        [0, 1],
        [1, 3],
      ] as const)
        expect(await sweep(connector, dataset, after(noon, cutOff), 1_000)).toBe(expected);
    }));
}

const lists = [
  ['ads'],
  ['news', 'ads'],
  ['ads', 'news', 'ads'],
  ['memory', 'ads'],
  [],
  null,
  ['ads', null],
  [null],
];

/** Four rows of each list: two of them before noon, one at noon, one without a date. */
async function fillLists(store: TestStore, dataset: Dataset): Promise<void> {
  await store.create(dataset);
  for (const at of [after(noon, -2), after(noon, -1), noon, null])
    await store.insert(
      dataset,
      lists.map((purposes, index) => ({ key: `p${index}`, at, body: `list ${index}`, purposes })),
    );
}

function testListed(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('counts rows that list the same purposes together', () =>
    withStore(async (store, connector) => {
      await fillLists(store, dataset);
      const groups = await connector.countAges(dataset, [noon, after(noon, -1)], options.signal);
      const times = (count: number) => ({ rows: 4 * count, undated: count, before: [2 * count, count] });
      const byName = groups.toSorted((a, b) =>
        (a.purposes?.join() ?? '') < (b.purposes?.join() ?? '') ? -1 : 1,
      );
      expect(byName).toEqual(
        expect.arrayContaining([
          { purposes: ['ads'], ...times(1) },
          { purposes: ['ads', 'news'], ...times(2) },
          { purposes: ['ads', 'memory'], ...times(1) },
          { purposes: [], ...times(2) },
          { purposes: ['', 'ads'], ...times(1) },
          { purposes: [''], ...times(1) },
        ]),
      );
      expect(groups).toHaveLength(6);
    }));

  it.each([
    [['ads'], [0]],
    [
      ['ads', 'news'],
      [0, 1, 2],
    ],
    [['memory'], []],
    [[], [4, 5]],
  ] as const)(
    'sweeps rows that list none but %j, or, for no purpose, rows that list nothing',
    (onlyPurposes, gone) =>
      withStore(async (store, connector) => {
        await fillLists(store, dataset);
        const groups = await connector.countAges(dataset, [noon], options.signal);
        expect(rowsBefore(groups, onlyPurposes)).toBe(gone.length * 2);
        expect(await sweep(connector, dataset, noon, 3, onlyPurposes)).toBe(gone.length * 2);
        const left = await store.read(dataset);
        for (const index of lists.keys())
          expect(
            left.filter((row) => row.includes(`list ${index}`)),
            `list ${index}`,
          ).toHaveLength(gone.some((one) => one === index) ? 2 : 4);
        expect(await sweep(connector, dataset, noon, 3, onlyPurposes)).toBe(0);
      }),
  );
}

async function sweep(
  connector: Connector,
  dataset: Dataset,
  cutOff: Date,
  limit: number,
  onlyPurposes?: readonly string[],
): Promise<number> {
  let rows = 0;
  let cursor: string | undefined;
  for (let step = 0; step < 1_000; step += 1) {
    const result = await connector.purgeBefore(dataset, cutOff, {
      ...options,
      limit,
      ...(onlyPurposes === undefined ? {} : { onlyPurposes }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows += result.rows;
    cursor = result.cursor;
    if (cursor === undefined) return rows;
  }
  throw new Error('the sweep does not end');
}
