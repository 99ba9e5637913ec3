import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { Turns } from './events.js';
import {
  createHost,
  dataset,
  fileDeletions,
  inWorld,
  secondsOf,
  until,
  type Host,
  type World,
} from './world.js';

const full = { people: 10_000, datasets: 50, rounds: 5 };
const quickly = { people: 50, datasets: 5, rounds: 2 };

/** What was filed, planned into one obligation for each person and dataset. */
export async function benchPlan({ quick, say }: AreaOptions): Promise<readonly Row[]> {
  const size = quick ? quickly : full;
  return inWorld({ lanes: 'when told' }, async (world) => {
    const { owner, ownerUrl: url } = world.database;
    const names = Array.from({ length: size.datasets }, (_, index) => `events_${index}`);
    await owner.query('create schema host');
    for (const name of names)
      await owner.query(`create table host.${name} (person bigint not null, at timestamptz not null)`);
    const datasets = Object.fromEntries(names.map((name) => [name, dataset(`host.${name}`)]));
    const host = await createHost(world, { host: { type: 'postgres', settings: { url }, datasets } });
    say('Plans…');
    const turns = new Turns(1_000_003);
    const plans = new Series(() => plan(world, host, turns.next(size.people), size.datasets));
    const floor = new Series(() => insertBare(world, size.people, size.datasets));
    await alternate([plans, floor], { warmUps: 1, rounds: size.rounds });
    const same = (seconds: number) => seconds;
    const name = `plan of ${size.people.toLocaleString('en')} people over ${size.datasets} datasets`;
    return [
      alone({ name, unit: 's', target: { atMost: 2 } }, plans.of(same)),
      compare(
        {
          name: `${name}, to its rows`,
          unit: 's',
          note: 'floor: the same rows from one INSERT SELECT, same indexes',
        },
        plans.of(same),
        floor.of(same),
      ),
    ];
  });
}

/** Seconds from the commit of the requests to that of the last obligations. */
async function plan(world: World, host: Host, people: readonly number[], datasets: number): Promise<number> {
  await clear(world);
  await fileDeletions(world, host, people);
  const seconds = await secondsOf(() => until(world, 'planned'));
  const { rows } = await world.database.owner.query<{ count: string }>(
    'select count(*) from obligations where settled_at is null',
  );
  if (Number(rows[0]?.count) !== people.length * datasets) throw new Error('the plan is not whole');
  await until(world, 'proved');
  return seconds;
}

/** The same rows without whoever makes them: in a table that has the same columns and indexes, and refers to nothing. */
async function insertBare({ database: { owner } }: World, people: number, datasets: number): Promise<number> {
  await owner.query('drop table if exists host.bare');
  await owner.query('create table host.bare (like obligations including all)');
  await owner.query('create temp table sample as select * from obligations limit 1');
  await owner.query('checkpoint');
  const columns = (await owner.query('select * from sample')).fields.map(({ name }) => name);
  const own = new Map([
    ['id', 'uuidv7()'],
    ['cause_id', 'causes.id'],
    ['subject_ref', 'causes.ref'],
  ]);
  const values = columns.map((name) => own.get(name) ?? `sample.${name}`);
  const seconds = await secondsOf(() =>
    owner.query(
      `with causes as materialized (select uuidv7() as id, gen_random_uuid() as ref from generate_series(1, $1::int))
       insert into host.bare (${columns.join(', ')}) select ${values.join(', ')} from sample, causes, generate_series(1, $2::int)`,
      [people, datasets],
    ),
  );
  await owner.query('drop table sample');
  return seconds;
}

/** The last plan is of no use to anybody. */
async function clear({ database: { owner } }: World): Promise<void> {
  await owner.query('truncate obligations, causes, requests, receipts');
  await owner.query('vacuum analyze');
  await owner.query('checkpoint');
}
