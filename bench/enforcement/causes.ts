import { join } from 'node:path';
import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { Events, Turns } from './events.js';
import { Lake } from './lake.js';
import { Vectors } from './vectors.js';
import {
  createHost,
  dataset,
  fileDeletions,
  forgetCompaction,
  inWorld,
  secondsOf,
  until,
  type Host,
  type World,
} from './world.js';

const full = { people: 40_000, each: 10, waiting: [1_000, 10_000, 30_000], rounds: 5, roundsOfMost: 3 };
const quickly = { people: 400, each: 5, waiting: [20, 100], rounds: 2, roundsOfMost: 2 };

/** What the host knows of people, in three kinds of store. */
interface Stores {
  readonly events: Events;
  readonly lake: Lake;
  readonly vectors: Vectors;
}

/** Seconds from the first call to the last outcome, and to the last receipt. */
interface Took {
  readonly settled: number;
  readonly receipts: number;
}

interface Filing {
  readonly world: World;
  readonly host: Host;
  readonly stores: Stores;
  readonly turns: Turns;
}

/** Deletions filed at once over three stores, to their outcomes and receipts; everything works by itself, as it would. */
export async function benchCauses({ quick, say }: AreaOptions): Promise<readonly Row[]> {
  const size = quick ? quickly : full;
  return inWorld({ lanes: 'by itself' }, async (world) => {
    say(`Three stores of ${size.people.toLocaleString('en')} people…`);
    const stores = await createStores(world, size);
    const host = await createHost(world, {
      host: {
        type: 'postgres',
        settings: { url: world.database.ownerUrl },
        datasets: { events: dataset('host.events', ['page']) },
      },
      lake: {
        type: 'parquet',
        settings: { folder: stores.lake.folder },
        datasets: { events: dataset('events', ['page']) },
      },
      vectors: {
        type: 'lancedb',
        settings: { folder: stores.vectors.folder },
        datasets: { vectors: dataset('vectors', ['vector']) },
      },
    });
    const filing = { world, host, stores, turns: new Turns(size.people) };
    const rows: Row[] = [];
    let last: readonly number[] | undefined;
    for (const waiting of size.waiting) {
      say(`${waiting.toLocaleString('en')} deletions at once…`);
      const engine = new Series(() => erase(filing, waiting));
      const floor = new Series(() => eraseBare(filing, waiting));
      const rounds = waiting > 10_000 ? size.roundsOfMost : size.rounds;
      await alternate([engine, floor], { warmUps: 1, rounds });
      rows.push(...rates(waiting, engine, floor));
      const each = engine.of(({ settled }) => (settled * 1e6) / waiting);
      if (last !== undefined) rows.push(growth(waiting, each, last));
      last = each;
    }
    stores.lake.close();
    return rows;
  });
}

async function createStores(
  { database: { folder, owner } }: World,
  { people, each }: { readonly people: number; readonly each: number },
): Promise<Stores> {
  return {
    events: await Events.create(owner, people, each),
    lake: await Lake.create(join(folder, 'lake'), people),
    vectors: await Vectors.create(join(folder, 'vectors'), people),
  };
}

function rates(waiting: number, engine: Series<Took>, floor: Series<number>): readonly Row[] {
  const settled = engine.of((took) => waiting / took.settled);
  const bare = floor.of((seconds) => waiting / seconds);
  const receipts = engine.of((took) => waiting / took.receipts);
  const name = nameOf(waiting);
  const target = waiting === 10_000 ? { target: { atLeast: 1_500 } } : {};
  const note = 'floor: one DELETE, files rewritten once, vectors deleted, at the same time';
  return [
    alone({ name: `${name}, to outcomes`, unit: '/s', ...target }, settled),
    compare({ name: `${name}, to outcomes and bare`, unit: '/s', note }, settled, bare),
    alone({ name: `${name}, to receipts`, unit: '/s' }, receipts),
  ];
}

function growth(waiting: number, each: readonly number[], before: readonly number[]): Row {
  const note = 'floor: with fewer waiting, as above';
  const named = { name: `${nameOf(waiting)}, each`, unit: 'µs', target: { atMost: 1.1 }, note };
  return compare(named, each, before);
}

function nameOf(waiting: number): string {
  return `${waiting.toLocaleString('en')} deletions over three stores`;
}

async function erase({ world, host, stores, turns }: Filing, count: number): Promise<Took> {
  const people = turns.next(count);
  await renew(stores);
  const began = performance.now();
  await fileDeletions(world, host, people);
  await until(world, 'planned', 'settled');
  const settled = (performance.now() - began) / 1_000;
  await until(world, 'receipts');
  const receipts = (performance.now() - began) / 1_000;
  const left = await Promise.all(allOf(stores).map((store) => store.countOf(people)));
  if (left.some((rows) => rows > 0)) throw new Error(`rows are left: ${left.join(', ')}`);
  stores.events.erased(people);
  await until(world, 'proved');
  await forgetCompaction(world);
  return { settled, receipts };
}

async function eraseBare({ stores, turns }: Filing, count: number): Promise<number> {
  const people = turns.next(count);
  await renew(stores);
  return secondsOf(() => Promise.all(allOf(stores).map((store) => store.deleteAll(people))));
}

async function renew({ events, lake, vectors }: Stores): Promise<void> {
  await lake.renew();
  await vectors.renew();
  await events.renew();
}

function allOf({ events, lake, vectors }: Stores) {
  return [events, lake, vectors];
}
