import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import type { Caller } from '#access';
import { ApplyPlan, PlanPolicy, ReadPlans, type PolicyPlan } from '#impact';
import { RegisterDataMap } from '#stores';
import type { BenchDatabase } from '../database.js';
import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';

const rows = 10_000_000;
const quickRows = 100_000;
const rules = 50;
const schema = 'host';

interface World {
  readonly api: INestApplicationContext;
  readonly database: BenchDatabase;
  readonly administrator: Caller;
}

/** A plan whose rules' cut-offs are counted over a table of ten million rows, beside counting its rows and nothing else. */
export async function benchPlan(world: World, { pace, quick, say }: AreaOptions): Promise<readonly Row[]> {
  const { database } = world;
  const count = quick ? quickRows : rows;
  say(`A table of ${count.toLocaleString('en')} rows…`);
  await fill(database, count);
  await world.api
    .get(RegisterDataMap, { strict: false })
    .execute(world.administrator, dataMap(database.ownerUrl));
  await applyFirst(world);
  say('Plans…');
  let version = 0;
  const plans = new Series(async () => {
    version += 1;
    return timed(() => planAndCount(world, version, count));
  });
  const floor = new Series(() => timed(() => database.owner.query(`select count(*) from ${schema}.events`)));
  await alternate([plans, floor], { warmUps: 1, rounds: quick ? pace.rounds : 3 });
  const seconds = (value: number) => value;
  const name = `plan of ${rules} rules over ${count.toLocaleString('en')} rows`;
  return [
    alone({ name, unit: 's', target: { atMost: 10 } }, plans.of(seconds)),
    compare(
      { name: `${name}, to counting them`, unit: 's', note: 'floor: select count(*)' },
      plans.of(seconds),
      floor.of(seconds),
    ),
  ];
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1_000;
}

/** Rows of eight years, each for one of the purposes. */
async function fill({ owner }: BenchDatabase, count: number): Promise<void> {
  await owner.query(`create schema ${schema}`);
  await owner.query(
    `create table ${schema}.events (person bigint not null, page text not null, at timestamptz not null, purposes text[] not null)`,
  );
  await owner.query(
    `insert into ${schema}.events
     select n % 100000, 'page ' || n % 1000, now() - make_interval(secs => (n::bigint * 7919) % 252288000), array['p' || n % $2]
       from generate_series(1, $1::bigint) n`,
    [count, rules],
  );
  await owner.query(`vacuum analyze ${schema}.events`);
}

function dataMap(url: string): string {
  return JSON.stringify({
    stores: {
      host: {
        type: 'postgres',
        settings: { url },
        datasets: {
          events: {
            location: `${schema}.events`,
            subjectKey: { field: 'person', form: 'integer', identifier: 'account_id' },
            collectedAt: { field: 'at', form: 'timestamp' },
            purposes: { field: 'purposes' },
            fields: {
              person: { category: 'user.unique_id' },
              page: { category: 'user.behavior' },
              at: { category: 'user.behavior' },
              purposes: { category: 'system.operations' },
            },
          },
        },
      },
    },
  });
}

/** A rule for each purpose, each with a period of its own; `shift` makes each policy another one than the last. */
function policy(shift: number): string {
  const purposes = Array.from({ length: rules }, (_, index) => `p${index}`);
  const retention = new Map<string, object>([
    ['rest', { keep: 'indefinitely', reason: 'until the person asks' }],
  ]);
  for (const [index, purpose] of purposes.entries())
    retention.set(purpose, { match: { purpose }, keep: `P${400 + index * 40 + shift}D` });
  return JSON.stringify({
    purposes: Object.fromEntries(purposes.map((name) => [name, { title: name, legalBasis: 'consent' }])),
    retention: Object.fromEntries(retention),
    erasure: { everything: {} },
  });
}

async function planAndCount(world: World, shift: number, count: number): Promise<void> {
  const plan = await planned(world, shift);
  const impact: PolicyPlan['impact'][number] | undefined = plan.impact[0];
  if (plan.state !== 'ready' || impact?.counted?.rows !== count || impact.counted.due === 0)
    throw new Error(`the plan is ${plan.state}: ${JSON.stringify(plan.impact)}`);
}

/** From the request to the answer that has every count; a worker counts. */
async function planned({ api, administrator }: World, shift: number): Promise<PolicyPlan> {
  const files = [{ name: 'policy.json', text: policy(shift) }];
  const made = await api.get(PlanPolicy, { strict: false }).execute(administrator, { files });
  const read = api.get(ReadPlans, { strict: false });
  for (;;) {
    const plan = await read.execute(administrator, made.id);
    if (plan.state !== 'counting') return plan;
    await sleep(100);
  }
}

/** So that every plan has a policy to be compared with. */
async function applyFirst(world: World): Promise<void> {
  const { id, digest } = await planned(world, 0);
  const { api, administrator } = world;
  await api.get(ApplyPlan, { strict: false }).execute(administrator, id, digest ?? '', new Date());
}
