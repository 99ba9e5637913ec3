import { assert, asyncProperty, constantFrom, integer, array, option, record, uniqueArray } from 'fast-check';
import { expect, it } from 'vitest';
import {
  after,
  counts,
  datasetOf,
  noon,
  options,
  sorted,
  type Harness,
  type TestRow,
  type WithStore,
} from './harness.js';

const keys = constantFrom('0', '', 'a', 'A', 'ab', "'", '%', 'null', 'é');
const offset = integer({ min: -2, max: 2 });

/** Whatever the rows and the people: the store ends as if the selected rows had never been written. */
export function testModel(harness: Harness, withStore: WithStore): void {
  it('leaves exactly the rows that a plain filter leaves', () =>
    assert(
      asyncProperty(
        array(record({ key: option(keys), offset: option(offset) }), { maxLength: 30 }),
        uniqueArray(record({ subject: keys, offset }), { maxLength: 6, selector: ({ subject }) => subject }),
        (drafts, people) =>
          withStore(async (store, connector) => {
            const dataset = datasetOf(harness);
            const rows = drafts.map((draft, index) => rowOf(draft, index));
            const selectors = people.map(({ subject, offset: by }) => ({ subject, asOf: after(noon, by) }));
            const goes = (row: TestRow) =>
              selectors.some((one) => one.subject === row.key && (row.at === null || row.at <= one.asOf));
            await store.create(dataset);
            await store.insert(
              dataset,
              rows.filter((row) => !goes(row)),
            );
            const expected = await sorted(store, dataset);
            await store.insert(dataset, rows.filter(goes));
            const found = counts(await connector.purge(dataset, selectors, options));
            expect(found).toEqual(
              selectors.map(({ subject }) => rows.filter((row) => row.key === subject && goes(row)).length),
            );
            expect(await sorted(store, dataset)).toEqual(expected);
          }),
      ),
      { numRuns: 15 },
    ));
}

function rowOf(
  draft: { readonly key: string | null; readonly offset: number | null },
  index: number,
): TestRow {
  return {
    key: draft.key,
    at: draft.offset === null ? null : after(noon, draft.offset),
    body: `row ${index}`,
  };
}
