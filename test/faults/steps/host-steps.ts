import fc from 'fast-check';
import { contentOf, type Signal } from '../host/signal.js';
import { people, purposes, type World } from '../world.js';
import { defineStep } from './step.js';

const hour = 3_600_000;
const person = fc.constantFrom(...people);
const dataset = fc.constantFrom('rows/ratings', 'lake/events', 'vectors/embeddings');

/** What the host does with its own stores. It knows nothing of faults, and asks nobody. */
export const hostSteps = [
  /** New signals, old ones that come late, and some of a device whose clock is an hour ahead. */
  defineStep(
    'ingest',
    8,
    {
      person,
      dataset,
      rows: fc.integer({ min: 1, max: 5 }),
      age: fc.constantFrom(0, 0, 24 * hour, 90 * 24 * hour, -hour),
      purposes: fc.subarray([...purposes], { minLength: 1 }),
    },
    async (world, { rows, ...args }) => {
      const store = storeOf(world, args.dataset);
      const at = new Date(Date.now() - args.age);
      const signals = Array.from({ length: rows }, (): Signal => {
        const id = world.model.nextId();
        return {
          id,
          person: args.person,
          at,
          purposes: store.purposes ?? args.purposes,
          note: `signal ${id}`,
        };
      });
      await world.write(store.dataset, signals);
    },
  ),
  /** Everything that was ever written about a person arrives once more, as from a log that is read from its beginning. */
  defineStep('replay', 2, { person, dataset }, async (world, args) => {
    const { dataset: name } = storeOf(world, args.dataset);
    const signals = new Map(
      world.model.insertionsOf(args.person, name).map(({ signal }) => [signal.id, signal]),
    );
    await world.write(name, [...signals.values()]);
  }),
  defineStep('backup', 1, { dataset }, async (world, args) => {
    const store = storeOf(world, args.dataset);
    world.model.backups.set(store.dataset, await store.read());
  }),
  /** What the backup holds and the store does not is put back. */
  defineStep('restore', 1, { dataset }, async (world, args) => {
    const store = storeOf(world, args.dataset);
    const left = (await store.read()).map(contentOf);
    const lost = (world.model.backups.get(store.dataset) ?? []).filter((signal) => {
      const index = left.indexOf(contentOf(signal));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    await world.write(store.dataset, lost);
  }),
];

/** Where there are no vectors, the events stand in. */
function storeOf(world: World, name: string) {
  return world.stores.find((store) => store.dataset === name) ?? world.store('lake/events');
}
