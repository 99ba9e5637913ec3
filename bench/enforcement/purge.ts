import { alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { median } from '../statistics.js';
import { Events, Turns } from './events.js';
import {
  createHost,
  dataset,
  fileDeletions,
  forgetCompaction,
  inWorld,
  laneOf,
  secondsOf,
  until,
  type Host,
  type World,
} from './world.js';

const full = { people: 100_000, each: 20, erased: 5_000, batch: 1_000, singles: 10, rounds: 5 };
const quickly = { people: 2_000, each: 20, erased: 100, batch: 50, singles: 2, rounds: 2 };

interface Lane {
  readonly world: World;
  readonly host: Host;
  readonly laneId: string;
  readonly events: Events;
  readonly turns: Turns;
}

/** A lane that purges one PostgreSQL table, beside the statements that do it without asking or telling anybody. */
export async function benchPurge({ quick, say }: AreaOptions): Promise<readonly Row[]> {
  const size = quick ? quickly : full;
  return inWorld({ lanes: 'when told' }, async (world) => {
    say(`A table of ${(size.people * size.each).toLocaleString('en')} rows…`);
    const events = await Events.create(world.database.owner, size.people, size.each);
    const { ownerUrl: url } = world.database;
    const store = {
      type: 'postgres',
      settings: { url },
      datasets: { events: dataset(events.location, ['page']) },
    };
    const host = await createHost(world, { host: store });
    const lane = { world, host, laneId: await laneOf(world, host), events, turns: new Turns(size.people) };
    say('Purges…');
    const engine = new Series(() => purge(lane, size.erased));
    const floor = new Series(() => purgeBare(lane, size.erased));
    const one = new Series(() => purgeSingly(lane, size.singles));
    const many = new Series(() => purge(lane, size.batch));
    const pace = { warmUps: 1, rounds: size.rounds };
    await alternate([engine, floor], pace);
    await alternate([one, many], pace);
    return [
      ...ratios({ ...size, rows: events.rows }, engine, floor),
      compare(
        {
          name: `one person of ${size.batch.toLocaleString('en')}`,
          unit: 'µs',
          target: { atMost: 0.1 },
          note: 'floor: one person alone',
        },
        many.of((seconds) => (seconds * 1e6) / size.batch),
        one.of((seconds) => seconds * 1e6),
      ),
    ];
  });
}

function ratios(
  { erased, each, rows }: { readonly erased: number; readonly each: number; readonly rows: number },
  engine: Series<number>,
  floor: Series<{ readonly deleted: number; readonly read: number }>,
): readonly Row[] {
  const removed = erased * each;
  const rate = (seconds: number) => removed / seconds;
  const name = `purge of ${erased.toLocaleString('en')} people, ${removed.toLocaleString('en')} of ${rows.toLocaleString('en')} rows`;
  const unit = 'rows/s';
  const note = 'floor: bare DELETE, then bare absence read';
  const toAlone = { name: `${name}, to the DELETE alone`, unit, note: 'floor: bare DELETE' };
  return [
    compare(
      { name, unit, target: { atLeast: 0.6 }, note },
      engine.of(rate),
      floor.of(({ deleted, read }) => rate(deleted + read)),
    ),
    compare(
      { ...toAlone, target: { atLeast: 0.35 } },
      engine.of(rate),
      floor.of(({ deleted }) => rate(deleted)),
    ),
  ];
}

/** Seconds that the lane takes for what was filed and planned before, all rows being back. */
async function purge(lane: Lane, count: number): Promise<number> {
  await lane.events.renew();
  return purgeNext(lane, count);
}

async function purgeNext({ world, host, laneId, events, turns }: Lane, count: number): Promise<number> {
  const people = turns.next(count);
  await fileDeletions(world, host, people);
  await until(world, 'planned', 'proved');
  const { handled, seconds } = await world.worker.runLane(laneId);
  if (handled !== count) throw new Error(`the lane handled ${handled} of ${count}`);
  if ((await events.countOf(people)) > 0) throw new Error('the lane left rows');
  events.erased(people);
  await until(world, 'receipts', 'proved');
  await forgetCompaction(world);
  return seconds;
}

async function purgeSingly(lane: Lane, times: number): Promise<number> {
  await lane.events.renew();
  const seconds: number[] = [];
  for (let time = 0; time < times; time += 1) seconds.push(await purgeNext(lane, 1));
  return median(seconds);
}

async function purgeBare({ events, turns }: Lane, count: number) {
  const people = turns.next(count);
  await events.renew();
  const deleted = await secondsOf(() => events.deleteAll(people));
  const read = await secondsOf(() => events.countOf(people));
  return { deleted, read };
}
