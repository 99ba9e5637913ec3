import { expect, it } from 'vitest';
import {
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

const key = 'marker-key-41c7';
const body = 'marker-body-41c7';
const planted = [{ key, at: noon, body }];

/** Only where the manifest promises that bytes are gone. */
export function testCompaction(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);
  const expunges = harness.manifest.level === 'expunged';
  const others = Array.from({ length: 500 }, (_, index) => rowsOf(`p${index}`, 2)).flat();

  it.runIf(expunges).each([
    ['among others', [...others.slice(0, 500), ...planted, ...others.slice(500)]],
    ['first', [...planted, ...others]],
    ['last', [...others, ...planted]],
    ['alone', planted],
  ])('leaves no byte of a person who was %s', (_, rows) =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rows);
      expect(await store.holdsBytes(key), 'the search would find it').toBe(true);
      expect(counts(await connector.purge(dataset, select([key]), options))).toEqual([1]);
      const before = await sorted(store, dataset);
      await connector.compact([dataset], options.signal);
      expect(await store.holdsBytes(key)).toBe(false);
      expect(await store.holdsBytes(body)).toBe(false);
      expect(await sorted(store, dataset)).toEqual(before);
    }),
  );

  it.runIf(expunges)('leaves no byte of a person whose rows came alone, in a piece of their own', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, others);
      await store.insert(dataset, planted);
      await connector.compact([dataset], options.signal);
      expect(await store.holdsBytes(key), 'compaction without a purge removes nobody').toBe(true);
      await connector.purge(dataset, select([key]), options);
      await connector.compact([dataset], options.signal);
      expect(await store.holdsBytes(key)).toBe(false);
      expect(await store.holdsBytes(body)).toBe(false);
      expect(await store.read(dataset)).toHaveLength(others.length);
    }),
  );

  it('may compact again at any time, and an empty dataset too', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await connector.compact([dataset], options.signal);
      await store.insert(dataset, rowsOf('a', 2));
      await connector.compact([dataset, dataset], options.signal);
      await connector.compact([], options.signal);
      expect(await store.read(dataset)).toHaveLength(2);
    }));
}
