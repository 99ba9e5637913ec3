import { expect, it } from 'vitest';
import type { Connector, Dataset } from '../contract.js';
import {
  countBefore,
  allKeys,
  datasetOf,
  expectFailure,
  noon,
  options,
  rowsOf,
  select,
  type Harness,
  type WithStore,
} from './harness.js';

const person = 'canary-9f2c';

export function testFailures(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);
  testDrift(harness, withStore);

  it('cannot reach a store that does not exist', async () => {
    await expectFailure(async () => {
      const connector = await harness.connect(harness.missing());
      await connector.check([dataset], options.signal).finally(() => connector.close());
    }, ['unreachable']);
  });

  it('refuses settings that are not its own, without quoting them', () =>
    expectFailure(() => harness.connect({ unknown: person }), ['invalid_config'], person));

  it('stops when it is told to', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rowsOf(person, 3));
      const signal = AbortSignal.abort();
      await expectFailure(() => connector.purge(dataset, select([person]), { signal }), ['timeout'], person);
      await expectFailure(
        () => connector.purgeBefore(dataset, noon, { signal, limit: 10 }),
        ['timeout'],
        person,
      );
      expect(await store.read(dataset)).toHaveLength(3);
    }));

  it('refuses a selection by purpose where no field lists purposes, and removes nothing', () =>
    withStore(async (store, connector) => {
      const constant = datasetOf({ manifest: { ...harness.manifest, capabilities: [] } });
      await store.create(dataset);
      await store.insert(dataset, rowsOf(person, 2));
      const byPurpose = { ...options, onlyPurposes: ['ads'] };
      for (const verb of ['count', 'purge', 'verify'] as const) {
        await expectFailure(
          () => connector[verb](constant, select([person]), byPurpose),
          ['not_supported'],
          person,
        );
      }
      expect(await store.read(dataset)).toHaveLength(2);
    }));
}

/** Every verb, on one person. */
function verbs(connector: Connector, dataset: Dataset): readonly (() => Promise<unknown>)[] {
  const people = select([person]);
  return [
    () => connector.count(dataset, people, options),
    () => connector.purge(dataset, people, options),
    () => connector.verify(dataset, people, options),
    () => countBefore(connector, dataset, noon),
    () => connector.purgeBefore(dataset, noon, { ...options, limit: 10 }),
    () => allKeys(connector, dataset),
  ];
}

function testDrift(harness: Harness, withStore: WithStore): void {
  const dataset = datasetOf(harness);

  it('has nothing to say against a dataset that fits', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rowsOf(person, 1));
      expect(await connector.check([dataset], options.signal)).toEqual([]);
    }));

  it.each(['subject', 'at', 'body'])(
    'reports that field %s is gone, and fails rather than find nothing',
    (field) =>
      withStore(async (store, connector) => {
        await store.create(dataset);
        await store.insert(dataset, rowsOf(person, 1));
        await store.drop(dataset, field);
        const faults = await connector.check([dataset], options.signal);
        expect(faults.map((fault) => fault.dataset)).toEqual(['signals']);
        expect(faults[0]?.message).toContain(field);
        for (const verb of verbs(connector, dataset)) await expectFailure(verb, ['invalid_config'], person);
      }),
  );

  it('reports that the dataset is gone, and fails rather than find nothing', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rowsOf(person, 1));
      await store.drop(dataset);
      expect(await connector.check([dataset], options.signal)).toHaveLength(1);
      for (const verb of verbs(connector, dataset))
        await expectFailure(verb, ['invalid_config', 'unreachable'], person);
    }));

  it('reports a key of another form, and fails rather than find nothing', () =>
    withStore(async (store, connector) => {
      await store.create(dataset);
      await store.insert(dataset, rowsOf('7', 1));
      const numbered: Dataset = { ...dataset, subjectKey: { field: 'subject', form: 'integer' } };
      expect(await connector.check([numbered], options.signal)).toHaveLength(1);
      await expectFailure(() => connector.purge(numbered, select(['7']), options), ['invalid_config']);
      expect(await store.read(dataset)).toHaveLength(1);
    }));
}
