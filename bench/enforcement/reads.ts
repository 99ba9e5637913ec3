import { setTimeout as sleep } from 'node:timers/promises';
import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { Events, Turns } from './events.js';
import { ReaderProcess } from './reader-process.js';
import {
  createHost,
  dataset,
  fileDeletions,
  forgetCompaction,
  inWorld,
  until,
  type Host,
  type World,
} from './world.js';

const full = { people: 100_000, each: 20, aSecond: 300, seconds: 5, rounds: 8 };
const quickly = { people: 2_000, each: 20, aSecond: 20, seconds: 1, rounds: 2 };
const connections = 2;

interface Busy {
  readonly world: World;
  readonly host: Host;
  readonly reader: ReaderProcess;
  readonly turns: Turns;
  readonly size: typeof full;
}

/** What those who read a store notice of a lane that purges it, people going all the time. */
export async function benchReads({ quick, say }: AreaOptions): Promise<readonly Row[]> {
  const size = quick ? quickly : full;
  return inWorld({ lanes: 'by itself' }, async (world) => {
    say('Reads beside purges…');
    const { owner, ownerUrl: url } = world.database;
    const events = await Events.create(owner, size.people, size.each);
    const store = {
      type: 'postgres',
      settings: { url },
      datasets: { events: dataset(events.location, ['page']) },
    };
    const host = await createHost(world, { host: store });
    const reader = await ReaderProcess.start(url, connections, events.rows);
    try {
      const busy = { world, host, reader, turns: new Turns(size.people), size };
      const calm = new Series(() => reader.read(size.seconds));
      const beside = new Series(() => readBeside(busy));
      await alternate([beside, calm], { warmUps: 1, rounds: size.rounds });
      const purged = beside.of(({ rows }) => rows / size.seconds);
      const name = `point reads on ${connections} connections`;
      const note = 'floor: while nothing is purged';
      return [
        compare(
          { name, unit: '/s', target: { atLeast: 0.93 }, note },
          beside.of(({ reads }) => reads.perSecond),
          calm.of(({ perSecond }) => perSecond),
        ),
        compare(
          { name: `${name}, p50`, unit: 'ms', note },
          beside.of(({ reads }) => reads.p50),
          calm.of(({ p50 }) => p50),
        ),
        compare(
          { name: `${name}, p99`, unit: 'ms', note },
          beside.of(({ reads }) => reads.p99),
          calm.of(({ p99 }) => p99),
        ),
        alone({ name: 'purged meanwhile', unit: 'rows/s', target: { atLeast: quick ? 1 : 5_000 } }, purged),
      ];
    } finally {
      await reader.stop();
    }
  });
}

/** Each second more people are to be erased; what the lane has removed by the end of the reads counts. */
async function readBeside({ world, host, reader, turns, size }: Busy) {
  const before = await purgedRows(world);
  const reading = reader.read(size.seconds);
  const filing = (async () => {
    for (let second = 0; second < size.seconds; second += 1) {
      const next = sleep(1_000);
      await fileDeletions(world, host, turns.next(size.aSecond));
      await next;
    }
  })();
  const reads = await reading;
  const rows = (await purgedRows(world)) - before;
  await filing;
  await until(world, 'planned', 'settled', 'receipts', 'proved');
  await forgetCompaction(world);
  return { reads, rows };
}

async function purgedRows({ database }: World): Promise<number> {
  const { rows } = await database.owner.query<{ rows: string }>(
    'select coalesce(sum(rows), 0) as rows from obligations',
  );
  return Number(rows[0]?.rows);
}
