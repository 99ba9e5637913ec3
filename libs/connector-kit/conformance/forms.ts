import { expect, it } from 'vitest';
import {
  after,
  countBefore,
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

export function testForms(harness: Harness, withStore: WithStore): void {
  testIntegers(harness, withStore);
  testWrongIntegers(harness, withStore);
  testEpochs(harness, withStore);
}

function testIntegers(harness: Harness, withStore: WithStore): void {
  const numbered = datasetOf(harness, { form: 'integer' });

  it('matches integer keys by value, zero and negative ones too', () =>
    withStore(async (store, connector) => {
      await store.create(numbered);
      const keys = ['0', '-1', '1', '10', '9007199254740993', '9223372036854775807', '-9223372036854775808'];
      await store.insert(
        numbered,
        keys.flatMap((key) => rowsOf(key, 2)),
      );
      expect(await allKeys(connector, numbered)).toEqual([...keys].sort());
      for (const [index, key] of keys.entries()) {
        expect(counts(await connector.verify(numbered, select([key]), options)), key).toEqual([2]);
        expect(counts(await connector.purge(numbered, select([key]), options)), key).toEqual([2]);
        expect(await store.read(numbered)).toHaveLength(2 * (keys.length - index - 1));
      }
    }));
}

function testWrongIntegers(harness: Harness, withStore: WithStore): void {
  const numbered = datasetOf(harness, { form: 'integer' });

  it('fails a person whose key is not an integer in its one spelling, and does the others', () =>
    withStore(async (store, connector) => {
      await store.create(numbered);
      await store.insert(
        numbered,
        ['0', '1', '7'].flatMap((key) => rowsOf(key, 1)),
      );
      const wrong = [
        'abc',
        '',
        '1.5',
        '1.0',
        ' 1',
        '1 ',
        '01',
        '+1',
        '-0',
        '1e0',
        '0x1',
        '１',
        'null',
        '9223372036854775808',
      ];
      const people = select([...wrong, '7']);
      const expected = wrong.map(() => 'invalid_config');
      for (const verb of ['count', 'verify'] as const) {
        expect(counts(await connector[verb](numbered, people, options))).toEqual([...expected, 1]);
      }
      expect(counts(await connector.purge(numbered, people, options))).toEqual([...expected, 1]);
      expect(await store.read(numbered)).toHaveLength(2);
    }));
}

function testEpochs(harness: Harness, withStore: WithStore): void {
  it.each(['epoch_seconds', 'epoch_milliseconds'] as const)(
    'compares moments kept as %s to the unit',
    (moments) =>
      withStore(async (store, connector) => {
        const dataset = datasetOf(harness, { moments });
        const unit = moments === 'epoch_seconds' ? 1_000 : 1;
        await store.create(dataset);
        await store.insert(dataset, rowsOf('a', 1, after(noon, unit)));
        const younger = await sorted(store, dataset);
        await store.insert(dataset, [
          ...rowsOf('a', 2, noon),
          ...rowsOf('a', 1, null),
          ...rowsOf('a', 1, new Date(-unit)),
        ]);
        const people = select(['a'], after(noon, unit - 1));
        expect(counts(await connector.count(dataset, people, options))).toEqual([4]);
        expect(await countBefore(connector, dataset, noon)).toBe(1);
        expect(await countBefore(connector, dataset, after(noon, unit - 1))).toBe(unit === 1 ? 1 : 3);
        expect(counts(await connector.purge(dataset, people, options))).toEqual([4]);
        expect(counts(await connector.verify(dataset, people, options))).toEqual([0]);
        expect(await sorted(store, dataset)).toEqual(younger);
      }),
  );
}
