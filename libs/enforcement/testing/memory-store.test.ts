import type { Dataset } from '#connector-kit';
import { describeConnector, type TestStore } from '#connector-kit/conformance';
import { DependencyError } from '#kernel';
import { MemoryStore } from './memory-store.js';

const stores = new Map<string, MemoryStore>();

/** The fake that stands in for stores in the tests of enforcement owes what every connector owes. */
describeConnector('memory', {
  manifest: { type: 'memory', capabilities: ['purposes_by_column'], level: 'expunged' } as never,
  connect: async (settings) => {
    await Promise.resolve();
    const name = settings['store'];
    if (typeof name !== 'string') throw new DependencyError('invalid_config', 'the settings are not ours');
    const store = stores.get(name);
    if (store === undefined) throw new DependencyError('unreachable', 'there is no such store');
    return store;
  },
  open: openStore,
  missing: () => ({ store: 'missing' }),
});

async function openStore(): Promise<TestStore> {
  await Promise.resolve();
  const name = `store-${stores.size}`;
  const store = new MemoryStore();
  stores.set(name, store);
  return {
    settings: { store: name },
    create: async (dataset: Dataset) => {
      await Promise.resolve();
      store.create(dataset);
    },
    insert: async ({ location }, rows) => {
      await Promise.resolve();
      store.insert(location, rows);
    },
    read: async ({ location }) => {
      await Promise.resolve();
      return store.read(location).map((row) => JSON.stringify(row));
    },
    drop: async ({ location }, field) => {
      await Promise.resolve();
      store.drop(location, field);
    },
    holdsBytes: async (marker) => {
      await Promise.resolve();
      return JSON.stringify(store.read('signals')).includes(marker);
    },
    destroy: () => Promise.resolve(),
  };
}
