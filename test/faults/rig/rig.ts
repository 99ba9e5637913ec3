import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { issueOperatorKey } from '#access';
import { systemIds } from '#kernel';
import { faultPoints, type FaultPoint } from '#platform/faults';
import { withClient } from '#testing';
import { prepareDatabase, type PreparedDatabase } from '../../../apps/cli/prepare-database.js';
import { Actor, type Signal } from './actor.js';
import { Api } from './api.js';
import { Link } from './link.js';
import { PostgresServer } from './postgres-server.js';
import { RedisServer } from './redis-server.js';
import { leaseMilliseconds, Strikes } from './strikes.js';
import { Tally } from './tally.js';

export const actorNames = ['worker-a', 'worker-b', 'api'] as const;
export type ActorName = (typeof actorNames)[number];
const workers = ['worker-a', 'worker-b'] as const;
export const linkNames = ['worker', 'api', 'store'] as const;
type LinkName = (typeof linkNames)[number];

const lookFor = 30_000;
const lookEvery = 50;

export interface RigOptions {
  /** Queues in Redis rather than in PostgreSQL. */
  readonly redis?: boolean;
}

interface Parts {
  readonly folder: string;
  /** Lethe's own. */
  readonly database: PostgresServer;
  /** Where the host keeps its rows. */
  readonly host: PostgresServer;
  readonly redis: RedisServer | undefined;
  readonly links: Readonly<Record<LinkName, Link>>;
  readonly actors: Readonly<Record<ActorName, Actor>>;
  readonly strikes: Strikes;
  readonly tally: Tally;
  readonly api: Api;
  readonly operatorKey: string;
}

/** Lethe as real processes, with everything between them that can break. */
export class Rig {
  private readonly shifted = new Set<ActorName>();

  private constructor(private readonly parts: Parts) {}

  static async start(options: RigOptions = {}): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'lf-'));
    const tally = new Tally();
    const database = new PostgresServer(join(folder, 'l'));
    const host = new PostgresServer(join(folder, 'h'));
    await Promise.all([database.start(), host.start()]);
    await Promise.all([database.ensureDatabase('lethe'), host.ensureDatabase('shop')]);
    const link = (name: LinkName, target: PostgresServer) =>
      new Link(join(folder, name), target.socketFolder, (fault) => tally.begin(`${fault} (${name})`));
    const links = {
      worker: link('worker', database),
      api: link('api', database),
      store: link('store', host),
    };
    await Promise.all(Object.values(links).map((one) => one.open()));
    const redis = options.redis === true ? await RedisServer.start() : undefined;
    const masterKey = randomBytes(32);
    const urls = await prepareDatabase(database.url('lethe'), masterKey);
    const operatorKey = await withClient(database.url('lethe'), (client) =>
      issueOperatorKey(client, systemIds, new Date()),
    );
    const port = await freePort();
    const strikes = new Strikes(tally);
    const env = { folder, masterKey, port, redis, urls };
    const actor = (name: ActorName, program: 'api' | 'worker') =>
      new Actor(
        {
          name,
          script: join(import.meta.dirname, '..', 'processes', `${program}.mjs`),
          folder,
          env: environment(env, links[program]),
        },
        strikes,
      );
    const actors = {
      'worker-a': actor('worker-a', 'worker'),
      'worker-b': actor('worker-b', 'worker'),
      api: actor('api', 'api'),
    };
    const api = new Api(`http://127.0.0.1:${port}`);
    await Promise.all(Object.values(actors).map((one) => one.start()));
    return new Rig({ folder, database, host, redis, links, actors, strikes, tally, api, operatorKey });
  }

  get folder(): string {
    return this.parts.folder;
  }
  get tally(): Tally {
    return this.parts.tally;
  }
  get links(): Parts['links'] {
    return this.parts.links;
  }
  get redis(): RedisServer | undefined {
    return this.parts.redis;
  }
  get strikes(): ReadonlyMap<FaultPoint, number> {
    return this.parts.strikes.at;
  }

  /** The API under somebody's key; the operator's by default. */
  api(key = this.parts.operatorKey): Api {
    return this.parts.api.as(key);
  }

  /** How the host reaches its own database, and how Lethe is told to. */
  get shop(): { readonly url: string; readonly registeredUrl: string } {
    const url = this.parts.host.url('shop');
    return { url, registeredUrl: this.links.store.through(url) };
  }

  /** kill -9 of a process of ours. */
  kill(name: ActorName): void {
    const actor = this.parts.actors[name];
    if (actor.signal('SIGKILL')) this.parts.strikes.killed(actor, `kill -9 of ${kindOf(name)}`);
  }

  /** SIGSTOP of a process of ours, until past a lane's lease. */
  stall(name: ActorName): void {
    const actor = this.parts.actors[name];
    if (actor.signal('SIGSTOP')) this.parts.strikes.stalled(actor, `SIGSTOP of ${kindOf(name)}`);
  }

  /** Whichever worker comes to the point gives itself the signal there, the first time. */
  arm(point: FaultPoint, signal: Signal): void {
    for (const name of workers) this.parts.actors[name].arm(point, signal);
  }

  async killDatabase(which: 'database' | 'host', how: 'server' | 'connection'): Promise<void> {
    const title = which === 'database' ? 'PostgreSQL' : 'the store';
    const over = this.tally.killed(`kill -9 of ${title}${how === 'server' ? '' : '’s connection'}`);
    const server = this.parts[which];
    await (how === 'server' ? server.kill() : server.killConnection(which === 'database' ? 'lethe' : 'shop'));
    over();
  }

  /** Keeps a copy of Lethe's own database, or puts it back; nobody of ours runs meanwhile. */
  async copyDatabase(direction: 'save' | 'restore'): Promise<void> {
    const actors = Object.values(this.parts.actors);
    await Promise.all(actors.map((actor) => actor.stop()));
    await this.parts.database.copy(direction);
    await Promise.all(actors.map((actor) => actor.start()));
  }

  async killRedis(): Promise<void> {
    if (this.redis === undefined) return;
    const over = this.tally.killed('kill -9 of Redis');
    await this.redis.kill();
    over();
  }

  /** Every job is gone; the rows know what is due. */
  async wipeQueue(): Promise<void> {
    const over = this.tally.begin('queue wiped');
    await (this.redis === undefined ? this.truncateJobs() : this.redis.wipe());
    over();
  }

  /** From the next start of the process on, which is now. */
  shiftClock(name: ActorName, milliseconds: number): void {
    const actor = this.parts.actors[name];
    actor.shiftClock(milliseconds);
    if (milliseconds === 0) this.shifted.delete(name);
    else this.shifted.add(name);
    const fault = `clock of ${kindOf(name)} ${milliseconds === 0 ? 'set right' : 'off by a minute'}`;
    if (actor.signal('SIGKILL')) this.parts.strikes.killed(actor, fault);
  }

  /** Only when nobody holds a lane: a lease that was taken in the future is long. */
  setClocksRight(): void {
    for (const name of this.shifted) this.shiftClock(name, 0);
  }

  /** An owner's statement on Lethe's own database, whatever its state. */
  async look<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    for (const end = performance.now() + lookFor; ;) {
      try {
        return await withClient(
          this.parts.database.url('lethe'),
          async (client) => (await client.query<Row>(text, [...values])).rows,
        );
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(lookEvery);
      }
    }
  }

  /** Nothing is wrong any more: what was to happen does not, who stalls goes on, and links are whole. */
  heal(): void {
    for (const actor of Object.values(this.parts.actors)) {
      actor.disarm();
      actor.goOn();
    }
    for (const link of Object.values(this.links)) link.heal();
  }

  /** Until everybody who was killed serves again. */
  async whole(): Promise<void> {
    const end = performance.now() + lookFor;
    while (this.tally.unrecovered.length > 0 && performance.now() < end) await pause(lookEvery);
  }

  /** Everything that our processes have said. */
  said(): string {
    return Object.values(this.parts.actors)
      .map(({ logFile }) => readFileSync(logFile, 'utf8'))
      .join('');
  }

  async stop(keepFolder = false): Promise<void> {
    const { actors, database, host, folder } = this.parts;
    this.heal();
    await Promise.all(Object.values(actors).map((actor) => actor.stop()));
    await Promise.all(Object.values(this.links).map((link) => link.close()));
    await Promise.all([database.stop(), host.stop(), this.redis?.stop()]);
    if (!keepFolder) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private async truncateJobs(): Promise<void> {
    const tables = await this.look<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'bullmq' and tablename like '%job%'",
    );
    await this.look(`truncate ${tables.map(({ name }) => name).join(', ')}`);
  }
}

/** Every point at which nobody was killed or stalled. */
export function neverStruck({ strikes }: Pick<Rig, 'strikes'>): readonly FaultPoint[] {
  return faultPoints.filter((point) => !strikes.has(point));
}

function kindOf(name: ActorName): string {
  return name === 'api' ? 'the API' : 'a worker';
}

/** As `lethe start` hands it to its children, by way of a link; and a beat as short as it may be set. */
function environment(
  own: {
    readonly folder: string;
    readonly masterKey: Buffer;
    readonly port: number;
    readonly redis: RedisServer | undefined;
    readonly urls: PreparedDatabase;
  },
  link: Link,
): Record<string, string> {
  const { folder, masterKey, port, redis, urls } = own;
  const { PATH = '', HOME = '' } = process.env;
  return {
    PATH,
    HOME,
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    LETHE_APP_DATABASE_URL: link.through(urls.appUrl),
    LETHE_SYSTEM_DATABASE_URL: link.through(urls.systemUrl),
    LETHE_QUEUE_DATABASE_URL: link.through(urls.queueUrl),
    LETHE_MASTER_KEY: masterKey.toString('base64'),
    LETHE_LEDGER_FOLDER: join(folder, 'ledger'),
    LETHE_LEASE_SECONDS: String(leaseMilliseconds / 1_000),
    LETHE_RECONCILE_SECONDS: '1',
    // So that a few people fill batches: the next is taken while one is acted on.
    LETHE_BATCH_SIZE: '2',
    PORT: port.toString(),
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
  };
}

/** Below what systems hand out for outgoing connections: the API comes back to the same port after each kill. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        resolve(true);
      });
    });
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}
