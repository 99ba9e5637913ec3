import { expect, it } from 'vitest';
import { rowsBefore } from '../domain/ages.js';
import type { Connector, Dataset } from '../contract.js';
import {
  after,
  datasetOf,
  expectFailure,
  noon,
  options,
  rowsOf,
  sorted,
  type Harness,
  type WithStore,
} from './harness.js';

const early = after(noon, -1);

/** People whose rows a sweep leaves out. */
export function testExceptions(harness: Harness, withStore: WithStore): void {
  testLeftOut(harness, withStore);
  testForms(harness, withStore);
  testMany(harness, withStore);
}

function testLeftOut(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness, { tenantFilter: { field: 'tenant', value: 'ours' } });
  const own = (key: string | null, count: number, at: Date | null = early) =>
    rowsOf(key, count, at).map((row) => ({ ...row, tenant: 'ours' }));

  it('leaves the rows of people out of a sweep and of its count, to the byte, and takes those of nobody', () =>
    withStore(async (store, connector) => {
      const except = ["o'brien", 'ann', 'Ann', 'ann'];
      await store.create(dataset);
      await store.insert(dataset, [
        ...own('ann', 3),
        ...own('Ann', 1),
        ...own("o'brien", 2),
        ...own('bob', 1, noon),
        ...own('ann', 1, null),
        ...rowsOf('bob', 1, early).map((row) => ({ ...row, tenant: 'theirs' })),
      ]);
      const staying = await sorted(store, dataset);
      await store.insert(dataset, [
        ...own('bob', 2),
        ...own(null, 1),
        ...own('ANN', 1),
        ...own('ann ', 1),
        ...own('', 1),
      ]);
      const groups = await connector.countAges(dataset, [noon], options.signal, except);
      expect(rowsBefore(groups, null)).toBe(6);
      expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(7);
      expect(await sweep(connector, dataset, except)).toBe(6);
      expect(await sorted(store, dataset)).toEqual(staying);
      expect(rowsBefore(await connector.countAges(dataset, [noon], options.signal, except), null)).toBe(0);
      expect(await sweep(connector, dataset, except)).toBe(0);
    }));

  it('leaves nobody out where nobody is named', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, own('ann', 3));
      expect(rowsBefore(await connector.countAges(dataset, [noon], options.signal, []), null)).toBe(3);
      expect(await sweep(connector, dataset, [])).toBe(3);
    }));
}

function testForms(harness: Harness, withStore: WithStore): void {
  const numbered = datasetOf(harness, { form: 'integer' });

  it('leaves people out by the value of an integer key', () =>
    withStore(async (store, connector) => {
      await store.create(numbered);
      const staying = ['0', '-1', '9007199254740993', '-9223372036854775808'];
      for (const key of staying) await store.insert(numbered, rowsOf(key, 1, early));
      const left = await sorted(store, numbered);
      for (const key of ['1', '10', '9007199254740992']) await store.insert(numbered, rowsOf(key, 1, early));
      expect(await sweep(connector, numbered, staying)).toBe(3);
      expect(await sorted(store, numbered)).toEqual(left);
    }));

  it.each(['abc', '01', ' 7', '7.0', ''])(
    'refuses to sweep around a person whose key %j cannot be one, and removes nothing',
    (wrong) =>
      withStore(async (store, connector) => {
        await store.create(numbered);
        await store.insert(numbered, rowsOf('7', 2, early));
        const secret = wrong === 'abc' ? wrong : '\u0000';
        await expectFailure(() => sweep(connector, numbered, ['8', wrong]), ['invalid_config'], secret);
        await expectFailure(
          () => connector.countAges(numbered, [noon], options.signal, ['8', wrong]),
          ['invalid_config'],
          secret,
        );
        expect(await store.read(numbered)).toHaveLength(2);
      }),
  );
}

function testMany(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('leaves thousands out, piece by piece', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      const people = Array.from({ length: 3_000 }, (_, index) => `p${index}`);
      await store.insert(
        dataset,
        people.flatMap((key) => rowsOf(key, 1, early)),
      );
      const except = [...people.slice(500), ...people.map((key) => `${key} of another dataset`)];
      expect(await sweep(connector, dataset, except, 120)).toBe(500);
      expect(await store.read(dataset)).toHaveLength(2_500);
    }));
}

async function sweep(connector: Connector, dataset: Dataset, except: readonly string[], limit = 1_000) {
  let rows = 0;
  let cursor: string | undefined;
  for (let step = 0; step < 1_000; step += 1) {
    const from = cursor === undefined ? {} : { cursor };
    const result = await connector.purgeBefore(dataset, noon, { ...options, limit, except, ...from });
    rows += result.rows;
    cursor = result.cursor;
    if (cursor === undefined) return rows;
  }
  throw new Error('the sweep does not end');
}
