import { alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { LoadGenerator } from '../load/load-generator.js';
import { postgresCpu } from '../load/postgres-cpu.js';
import type { LoadFigures } from '../load/questions.js';
import { median } from '../statistics.js';
import { DecisionsServer, type Doors } from './decisions-server.js';
import type { World } from './world.js';

const connections = 32;
const path = '/v1/decisions';
/** What is promised: at most 20 % on top of the floor. */
const target = { atMost: 1.2 };

type Round = LoadFigures & {
  /** Processor time per decision in microseconds; PostgreSQL's is not known on every system. */
  readonly apiCpu: number;
  readonly postgresCpu: number | null;
};

/** The same API with all that keeps others out, with none of it, and with one part of it. */
interface Servers<Of> {
  readonly all: Of;
  readonly floor: Of;
  readonly checkOnly: Of;
  readonly doorsOnly: Of;
  readonly databaseOnly: Of;
}

/** `POST /v1/decisions` with a key, against the same without anything that keeps others out. */
export async function benchDecisions(world: World, options: AreaOptions): Promise<readonly Row[]> {
  const started: { stop(): Promise<void> }[] = [];
  try {
    const load = new LoadGenerator();
    started.push(load);
    const authorization = `Bearer ${world.tenant.key}`;
    await load.prepare({ method: 'POST', path, authorization, requests: [...world.tenant.questions] });
    const servers = await startServers(world, started);
    options.say('Decisions in a closed loop…');
    const under = (server: DecisionsServer) => new Series(() => closedRound(world, load, server, options));
    const rounds = {
      all: under(servers.all),
      floor: under(servers.floor),
      checkOnly: under(servers.checkOnly),
      doorsOnly: under(servers.doorsOnly),
      databaseOnly: under(servers.databaseOnly),
    };
    await alternate(Object.values(rounds), options.pace);
    const half = median(rounds.floor.of(({ perSecond }) => perSecond)) / 2;
    options.say(`Decisions at ${half.toFixed(0)} per second…`);
    const at = (server: DecisionsServer) => new Series(() => openRound(load, server, half, options));
    const steady = { all: at(servers.all), floor: at(servers.floor) };
    await alternate(Object.values(steady), options.pace);
    return [...closedRows(rounds), ...openRows(steady, half)];
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}

async function startServers(
  world: World,
  started: { stop(): Promise<void> }[],
): Promise<Servers<DecisionsServer>> {
  const { appUrl, ownerUrl } = world.database;
  const start = async (url: string, doors: Doors, stranger: 200 | 401) => {
    const server = await DecisionsServer.start(world.config, url, world.tenant.id, doors);
    started.push(server);
    await requireStatus(server, world.tenant.questions[0]?.body, stranger);
    return server;
  };
  return {
    all: await start(appUrl, { guard: true, check: true }, 401),
    floor: await start(ownerUrl, { guard: false, check: false }, 200),
    checkOnly: await start(ownerUrl, { guard: false, check: true }, 200),
    doorsOnly: await start(ownerUrl, { guard: true, check: true }, 401),
    databaseOnly: await start(appUrl, { guard: false, check: false }, 200),
  };
}

/** A floor that keeps anyone out is none, and what is measured against it has to. */
async function requireStatus(
  { port }: DecisionsServer,
  body: string | undefined,
  wanted: number,
): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: body ?? '',
  });
  if (status !== wanted) throw new Error(`a stranger is answered ${status}, not ${wanted}`);
}

async function closedRound(
  { database }: World,
  load: LoadGenerator,
  server: DecisionsServer,
  { pace }: AreaOptions,
): Promise<Round> {
  const before = { api: await server.cpuSeconds(), postgres: postgresCpu(database.postmaster) };
  const figures = await load.closed({ port: server.port, connections, seconds: pace.roundSeconds });
  const after = { api: await server.cpuSeconds(), postgres: postgresCpu(database.postmaster) };
  const each = (seconds: number) => (seconds * 1e6) / figures.completed;
  return {
    ...figures,
    apiCpu: each(after.api - before.api),
    postgresCpu:
      before.postgres === null || after.postgres === null ? null : each(after.postgres - before.postgres),
  };
}

function openRound(
  load: LoadGenerator,
  server: DecisionsServer,
  perSecond: number,
  { pace }: AreaOptions,
): Promise<LoadFigures> {
  return load.open({
    port: server.port,
    connections: 2 * connections,
    perSecond,
    seconds: pace.roundSeconds,
  });
}

function closedRows({
  all,
  floor,
  checkOnly,
  doorsOnly,
  databaseOnly,
}: Servers<Series<Round>>): readonly Row[] {
  const perDecision = ({ perSecond }: Round) => 1e6 / perSecond;
  const apiCpu = (round: Round) => round.apiCpu;
  const unit = 'µs';
  const busy = `${(median(all.of(({ clientBusy }) => clientBusy)) * 100).toFixed(0)} %`;
  const rate = median(all.of(({ perSecond }) => perSecond)).toFixed(0);
  const parts = [
    ['the use case asks', checkOnly],
    ['guard, and the use case asks', doorsOnly],
    ['the role in the database', databaseOnly],
  ] as const;
  return [
    compare(
      {
        name: 'decision: time',
        unit,
        target,
        note: `${rate}/s on ${connections} connections, client busy ${busy}`,
      },
      all.of(perDecision),
      floor.of(perDecision),
    ),
    compare({ name: 'decision: CPU of the API', unit, target }, all.of(apiCpu), floor.of(apiCpu)),
    ...postgresRows(all, floor),
    ...parts.flatMap(([part, series]) => [
      compare({ name: `only ${part}: time`, unit }, series.of(perDecision), floor.of(perDecision)),
      compare({ name: `only ${part}: CPU of the API`, unit }, series.of(apiCpu), floor.of(apiCpu)),
    ]),
  ];
}

/** Without what the client costs, which on few cores is in the throughput of both. */
function postgresRows(all: Series<Round>, floor: Series<Round>): readonly Row[] {
  const postgres = (round: Round) => round.postgresCpu ?? 0;
  if (all.rounds.some((round) => round.postgresCpu === null)) return [];
  const both = (round: Round) => round.apiCpu + postgres(round);
  return [
    compare({ name: 'decision: CPU of PostgreSQL', unit: 'µs' }, all.of(postgres), floor.of(postgres)),
    compare({ name: 'decision: CPU of both', unit: 'µs', target }, all.of(both), floor.of(both)),
  ];
}

function openRows(
  { all, floor }: { readonly all: Series<LoadFigures>; readonly floor: Series<LoadFigures> },
  rate: number,
): readonly Row[] {
  const note = `open loop, ${rate.toFixed(0)}/s: half of what the floor can do`;
  return [
    compare(
      { name: 'decision: p50', unit: 'ms', note },
      all.of(({ p50 }) => p50),
      floor.of(({ p50 }) => p50),
    ),
    compare(
      { name: 'decision: p99', unit: 'ms', note },
      all.of(({ p99 }) => p99),
      floor.of(({ p99 }) => p99),
    ),
  ];
}
