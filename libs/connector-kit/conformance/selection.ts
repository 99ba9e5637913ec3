import { expect, it } from 'vitest';
import {
  after,
  countBefore,
  counts,
  datasetOf,
  noon,
  options,
  rowsOf,
  select,
  sorted,
  type Harness,
  type WithStore,
} from './harness.js';

/** Exactly the rows that were asked for, and no other, ever. */
export function testSelection(harness: Harness, withStore: WithStore): void {
  testBasics(harness, withStore);
  testReadBack(harness, withStore);
  testMoments(harness, withStore);
  testTenants(harness, withStore);
  if (harness.manifest.capabilities.includes('purposes_by_column')) testPurposes(harness, withStore);
}

function testBasics(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('finds nothing in an empty dataset', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      expect(counts(await connector.count(dataset, select(['a', 'b']), options))).toEqual([0, 0]);
      expect(counts(await connector.purge(dataset, select(['a', 'b']), options))).toEqual([0, 0]);
      expect(counts(await connector.verify(dataset, select(['a', 'b']), options))).toEqual([0, 0]);
      expect(await connector.purge(dataset, [], options)).toEqual([]);
    }));

  it('counts what purge removes, removes it once, and leaves every other row as it was', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [...rowsOf('b', 2), ...rowsOf('c', 4), ...rowsOf(null, 1)]);
      const others = await sorted(store, dataset);
      await store.insert(dataset, rowsOf('a', 3));
      const people = select(['nobody', 'a']);
      expect(counts(await connector.count(dataset, people, options))).toEqual([0, 3]);
      expect(counts(await connector.verify(dataset, people, options))).toEqual([0, 3]);
      expect(await connector.purge(dataset, people, options)).toEqual([
        { subject: 'nobody', rows: 0 },
        { subject: 'a', rows: 3 },
      ]);
      expect(await sorted(store, dataset)).toEqual(others);
      expect(counts(await connector.purge(dataset, people, options))).toEqual([0, 0]);
      expect(await sorted(store, dataset)).toEqual(others);
    }));
}

function testReadBack(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('finds a survivor when it reads back', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [...rowsOf('a', 2), ...rowsOf('b', 1)]);
      await connector.purge(dataset, select(['a', 'b']), options);
      expect(counts(await connector.verify(dataset, select(['a', 'b']), options))).toEqual([0, 0]);
      await store.insert(dataset, rowsOf('a', 1));
      expect(counts(await connector.verify(dataset, select(['a', 'b']), options))).toEqual([1, 0]);
    }));

  it('keeps two datasets of one store apart', () =>
    withStore(async (store, connector) => {
      const other = datasetOf(harness, { name: 'others', location: 'others' });
      await store.create(dataset);
      await store.create(other);
      await store.insert(dataset, rowsOf('a', 2));
      await store.insert(other, rowsOf('a', 3));
      expect(counts(await connector.purge(dataset, select(['a']), options))).toEqual([2]);
      expect(await store.read(other)).toHaveLength(3);
      expect(counts(await connector.purge(other, select(['a']), options))).toEqual([3]);
    }));
}

function testMoments(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('removes a row collected exactly at asOf, and keeps one collected a millisecond later', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rowsOf('a', 2, after(noon, 1)));
      const younger = await sorted(store, dataset);
      await store.insert(dataset, [
        ...rowsOf('a', 1, noon),
        ...rowsOf('a', 1, new Date('1969-01-01T00:00:00.001Z')),
      ]);
      expect(counts(await connector.purge(dataset, select(['a']), options))).toEqual([2]);
      expect(await sorted(store, dataset)).toEqual(younger);
      expect(counts(await connector.verify(dataset, select(['a']), options))).toEqual([0]);
    }));

  it('applies each person their own asOf', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [...rowsOf('a', 1, after(noon, 5)), ...rowsOf('b', 1, after(noon, 5))]);
      const people = [...select(['a'], after(noon, 5)), ...select(['b'], after(noon, 4))];
      expect(counts(await connector.purge(dataset, people, options))).toEqual([1, 0]);
      expect(await store.read(dataset)).toHaveLength(1);
    }));

  it('removes an erased person’s row of unknown age', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [...rowsOf('a', 1, null), ...rowsOf('b', 1, null)]);
      expect(counts(await connector.count(dataset, select(['a']), options))).toEqual([1]);
      expect(counts(await connector.verify(dataset, select(['a']), options))).toEqual([1]);
      expect(counts(await connector.purge(dataset, select(['a']), options))).toEqual([1]);
      expect(await store.read(dataset)).toHaveLength(1);
    }));
}

function testTenants(harness: Harness, withStore: WithStore): void {
  it('never touches another tenant’s rows, whatever the verb', () =>
    withStore(async (store, connector) => {
      const dataset = datasetOf(harness, { tenantFilter: { field: 'tenant', value: "o'ur" } });
      await store.create(dataset);
      await store.insert(dataset, [
        ...rowsOf('a', 2).map((row) => ({ ...row, tenant: 'theirs' })),
        ...rowsOf('a', 1).map((row) => ({ ...row, tenant: "o'ur%" })),
      ]);
      const theirs = await sorted(store, dataset);
      expect(counts(await connector.verify(dataset, select(['a']), options))).toEqual([0]);
      await store.insert(dataset, [...rowsOf('a', 3).map((row) => ({ ...row, tenant: "o'ur" }))]);
      expect(await countBefore(connector, dataset, after(noon, 1))).toBe(3);
      expect(counts(await connector.purge(dataset, select(['a']), options))).toEqual([3]);
      expect(await connector.purgeBefore(dataset, after(noon, 1), { ...options, limit: 100 })).toEqual({
        rows: 0,
      });
      expect(await sorted(store, dataset)).toEqual(theirs);
      const keys = connector.keys(dataset, options.signal)[Symbol.asyncIterator]();
      expect((await keys.next()).value ?? []).toEqual([]);
    }));
}

function testPurposes(harness: Harness, withStore: WithStore): void {
  it('removes only rows whose every purpose is among the given ones, and none without purposes', () =>
    withStore(async (store, connector) => {
      const dataset = datasetOf(harness);
      await store.create(dataset);
      const purposes = [
        ['ads'],
        ['ads', 'news'],
        ['ads', 'memory'],
        ['memory'],
        [],
        null,
        ['ads', null],
        [null],
        ["o'dd"],
      ];
      await store.insert(
        dataset,
        purposes.map((list, index) => ({ key: 'a', at: noon, body: `row ${index}`, purposes: list })),
      );
      const some = { ...options, onlyPurposes: ['ads', 'news', "o'dd"] };
      expect(counts(await connector.purge(dataset, select(['a']), { ...options, onlyPurposes: [] }))).toEqual(
        [0],
      );
      expect(counts(await connector.count(dataset, select(['a']), some))).toEqual([3]);
      expect(counts(await connector.verify(dataset, select(['a']), some))).toEqual([3]);
      expect(counts(await connector.purge(dataset, select(['a']), some))).toEqual([3]);
      expect(counts(await connector.verify(dataset, select(['a']), some))).toEqual([0]);
      const left = (await store.read(dataset)).join('\n');
      for (const [index, kept] of [false, false, true, true, true, true, true, true, false].entries()) {
        expect(left.includes(`row ${index}`), `row ${index}`).toBe(kept);
      }
      expect(counts(await connector.purge(dataset, select(['a']), options))).toEqual([6]);
    }));
}
