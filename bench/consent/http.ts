import { z } from 'zod';
import type { ProcessConfig } from '#platform/config';
import { DecisionsServer } from '../access/decisions-server.js';
import { Child } from '../child.js';
import type { BenchDatabase } from '../database.js';
import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { LoadGenerator } from '../load/load-generator.js';
import type { LoadFigures } from '../load/questions.js';
import { randomFrom } from '../random.js';
import { median } from '../statistics.js';
import { allows, purposeCount, purposeName, type FullTenant } from './world.js';

const connections = 32;
const drawn = 100_000;
const batchSize = 10_000;
const seed = 20_260_105;

interface World {
  readonly config: ProcessConfig;
  readonly database: BenchDatabase;
  readonly few: FullTenant;
  readonly many: FullTenant;
}

/** People by Zipf's law with exponent 1: the k-th most asked about is asked about 1/k as often as the first. */
function zipf(people: number, random: () => number): () => number {
  const harmonic = Math.log(people) + 0.5772;
  return () => Math.min(people - 1, Math.floor(Math.exp(random() * harmonic)) - 1);
}

function singles({ people }: FullTenant) {
  const random = randomFrom(seed);
  const next = zipf(people, random);
  return Array.from({ length: drawn }, () => {
    const person = next();
    const purpose = Math.floor(random() * purposeCount);
    const subject = { type: 'account_id', value: `person-${person}` };
    const expected = `"effect":"${allows(person, purpose) ? 'allow' : 'deny'}"`;
    return { body: JSON.stringify({ subject, purpose: purposeName(purpose) }), expected };
  });
}

/** Questions over HTTP: one by one beside a bare server, and ten thousand at once. */
export async function benchHttp(world: World, options: AreaOptions): Promise<readonly Row[]> {
  const started: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const { appUrl } = world.database;
    const doors = { guard: true, check: true };
    const server = keep(await DecisionsServer.start(world.config, appUrl, world.many.id, doors));
    const bare = keep(Child.start('serve-bare'));
    const { port } = await bare.ask({}, z.object({ port: z.number() }));
    const load = (
      tenant: FullTenant,
      path: string,
      requests: Parameters<LoadGenerator['prepare']>[0]['requests'],
    ) => prepared(keep(new LoadGenerator()), tenant, path, requests);
    return [
      ...(await benchSingles({ world, ours: server.port, bare: port, load }, options)),
      ...(await benchMany({ world, ours: server.port, load }, options)),
    ];
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

type Load = (
  tenant: FullTenant,
  path: string,
  requests: Parameters<LoadGenerator['prepare']>[0]['requests'],
) => Promise<LoadGenerator>;

async function prepared(
  generator: LoadGenerator,
  { key }: FullTenant,
  path: string,
  requests: Parameters<LoadGenerator['prepare']>[0]['requests'],
): Promise<LoadGenerator> {
  await generator.prepare({ method: 'POST', path, authorization: `Bearer ${key}`, requests });
  return generator;
}

async function benchSingles(
  {
    world,
    ours,
    bare,
    load,
  }: { readonly world: World; readonly ours: number; readonly bare: number; readonly load: Load },
  { pace, say }: AreaOptions,
): Promise<readonly Row[]> {
  say('Decisions over HTTP, beside a bare server…');
  const path = '/v1/decisions';
  const many = await load(world.many, path, singles(world.many));
  const few = await load(world.few, path, singles(world.few));
  const constant = await load(
    world.many,
    path,
    singles(world.many).map(({ body }) => ({ body, expected: '"effect"' })),
  );
  const closed = (generator: LoadGenerator, port: number) =>
    new Series(() => generator.closed({ port, connections, seconds: pace.roundSeconds }));
  const series = { many: closed(many, ours), few: closed(few, ours), bare: closed(constant, bare) };
  await alternate(Object.values(series), pace);
  const perSecond = ({ perSecond: rate }: { readonly perSecond: number }) => rate;
  const half = median(series.many.of(perSecond)) / 2;
  const open = (generator: LoadGenerator, port: number) =>
    new Series(() =>
      generator.open({ port, connections: 2 * connections, perSecond: half, seconds: pace.roundSeconds }),
    );
  const steady = { many: open(many, ours), bare: open(constant, bare) };
  await alternate(Object.values(steady), pace);
  return singleRows(world, series, steady, half);
}

type Rounds<Name extends string> = Readonly<Record<Name, Series<LoadFigures>>>;

function singleRows(
  world: World,
  series: Rounds<'many' | 'few' | 'bare'>,
  steady: Rounds<'many' | 'bare'>,
  half: number,
): readonly Row[] {
  const perSecond = ({ perSecond: rate }: LoadFigures) => rate;
  const people = (tenant: FullTenant) => `${(tenant.people * purposeCount).toLocaleString('en')} consents`;
  return [
    compare(
      {
        name: `decision over HTTP, ${people(world.many)}`,
        unit: '/s',
        target: { atLeast: 0.6 },
        note: `Zipf, ${connections} connections; floor: node:http that reads the body and answers a constant`,
      },
      series.many.of(perSecond),
      series.bare.of(perSecond),
    ),
    compare(
      {
        name: 'decision over HTTP: p99',
        unit: 'ms',
        target: { atMost: 1.5 },
        note: `open loop, ${half.toFixed(0)}/s`,
      },
      steady.many.of(({ p99 }) => p99),
      steady.bare.of(({ p99 }) => p99),
    ),
    compare(
      {
        name: `decision over HTTP, from ${people(world.few)} to ${people(world.many)}`,
        unit: '/s',
        target: { atLeast: 0.9 },
        note: 'floor: the tenant with few',
      },
      series.many.of(perSecond),
      series.few.of(perSecond),
    ),
  ];
}

async function benchMany(
  { world, ours, load }: { readonly world: World; readonly ours: number; readonly load: Load },
  { pace, say, quick }: AreaOptions,
): Promise<readonly Row[]> {
  say('Ten thousand decisions at once…');
  const count = quick ? 500 : batchSize;
  const random = randomFrom(seed + 1);
  const next = zipf(world.many.people, random);
  const people = Array.from({ length: count }, () => `person-${next()}`);
  const questions = people.map((value) => ({
    subject: { type: 'account_id', value },
    purpose: purposeName(1),
  }));
  const batch = await load(world.many, '/v1/decisions/batch', [
    { body: JSON.stringify({ questions, detail: 'reason' }), expected: '"decisions":[{"effect":' },
  ]);
  const filter = await load(world.many, '/v1/decisions/filter', [
    {
      body: JSON.stringify({ purpose: purposeName(1), subjects: { type: 'account_id', values: people } }),
      expected: '"allowed":[',
    },
  ]);
  const round = (generator: LoadGenerator) =>
    new Series(() =>
      generator.closed({ port: ours, connections: 2, seconds: Math.max(1, pace.roundSeconds) }),
    );
  const series = { batch: round(batch), filter: round(filter) };
  await alternate(Object.values(series), { ...pace, rounds: Math.min(pace.rounds, 9) });
  const millions = ({ perSecond }: { readonly perSecond: number }) => (perSecond * count) / 1e6;
  const row = (name: string, values: readonly number[]) =>
    alone(
      {
        name: `${name} of ${count.toLocaleString('en')}`,
        unit: 'M/s',
        target: { atLeast: 1 },
        note: 'decisions, Zipf, 2 connections',
      },
      values,
    );
  return [row('batch', series.batch.of(millions)), row('filter', series.filter.of(millions))];
}
