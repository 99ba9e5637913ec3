import { expect, it } from 'vitest';
import {
  allKeys,
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

/** Every one of these is a different person. */
export const oddKeys: readonly string[] = [
  '0',
  '',
  ' ',
  'null',
  'NULL',
  'undefined',
  'NaN',
  'user',
  'user1',
  'user10',
  'User1',
  ' user1',
  'user1 ',
  '01',
  '1',
  '1.0',
  '1e0',
  '-0',
  "O'Brien",
  "O''Brien",
  '"quoted"',
  '`ticked`',
  'back\\slash',
  "back\\'quote",
  '%',
  'u%',
  '_____',
  '*',
  '?',
  '[a-z]',
  '{a,b}',
  '$1',
  ':name',
  "'; drop table signals; --",
  "') or ('1'='1",
  '/* comment */',
  'line\nbreak',
  'tab\there',
  'carriage\rreturn',
  'é',
  'e\u0301',
  'ß',
  'SS',
  'ı',
  'I',
  '汉字',
  '😀',
  '\u200b',
  '\ufeff',
  '\u202eabc',
  'a,b',
  'a;b',
  'a/b',
  '../a',
  'a=b',
  '2026-05-01',
  'x'.repeat(1_024),
  'x'.repeat(1_023),
  `${'x'.repeat(1_023)}y`,
];

export function testKeys(harness: Harness, withStore: WithStore): void {
  testOddKeys(harness, withStore);
  testManyKeys(harness, withStore);
}

function testOddKeys(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('tells all odd keys apart: each takes its own row and no other', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(
        dataset,
        oddKeys.flatMap((key) => rowsOf(key, 1)),
      );
      const left = new Set(oddKeys);
      for (const key of [
        '',
        '0',
        'null',
        '%',
        "O'Brien",
        "') or ('1'='1",
        'back\\slash',
        'user1',
        'x'.repeat(1_024),
      ]) {
        expect(counts(await connector.purge(dataset, select([key]), options)), JSON.stringify(key)).toEqual([
          1,
        ]);
        left.delete(key);
        expect(await allKeys(connector, dataset)).toEqual([...left].sort());
      }
      const rest = [...left];
      expect(counts(await connector.verify(dataset, select(oddKeys), options))).toEqual(
        oddKeys.map((key) => (left.has(key) ? 1 : 0)),
      );
      expect(counts(await connector.purge(dataset, select(rest), options))).toEqual(rest.map(() => 1));
      expect(await store.read(dataset)).toEqual([]);
    }));

  it('fails a person whose key no text column can hold, and does the others', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, [...rowsOf('\ufffd', 1), ...rowsOf('a', 1)]);
      const people = select(['\ud800', 'nul\0here', 'a']);
      expect(counts(await connector.purge(dataset, people, options))).toEqual([
        'invalid_config',
        'invalid_config',
        1,
      ]);
      expect(await store.read(dataset)).toHaveLength(1);
    }));
}

function testManyKeys(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('streams every distinct key once, whatever its rows are', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      const keys = Array.from({ length: 12_000 }, (_, index) => `person ${index}`);
      await store.insert(dataset, [
        ...keys.flatMap((key) => rowsOf(key, 1)),
        ...rowsOf('person 7', 3),
        ...rowsOf(null, 2),
      ]);
      expect(await allKeys(connector, dataset)).toEqual(keys.sort());
    }));

  it.each([1, 1_000, 10_000])('removes a batch of %i people exactly', (size) =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      const people = Array.from({ length: size }, (_, index) => `p${index}`);
      await store.insert(
        dataset,
        people.map((key) => ({ key: `${key}x`, at: noon, body: 'stays' })),
      );
      const others = await sorted(store, dataset);
      await store.insert(
        dataset,
        people.flatMap((key, index) => rowsOf(key, index % 3)),
      );
      const expected = people.map((_, index) => index % 3);
      expect(counts(await connector.count(dataset, select(people), options))).toEqual(expected);
      expect(counts(await connector.purge(dataset, select(people), options))).toEqual(expected);
      expect(counts(await connector.verify(dataset, select(people), options))).toEqual(people.map(() => 0));
      expect(await sorted(store, dataset)).toEqual(others);
    }),
  );
}
