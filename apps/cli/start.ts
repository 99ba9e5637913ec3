import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemIds } from '#kernel';
import { childEnvironment, openDataFolder, type Config, type DataFolder } from '#platform/config';
import { startPostgres, type EmbeddedPostgres } from '#platform/embedded';
import { choosePort } from './choose-port.js';
import { asOwner, prepareDatabase, probeDatabase, type PreparedDatabase } from './prepare-database.js';
import { supervise, type Program, type Supervised } from './supervise.js';

export interface StartOptions {
  /** Passes the children's logs through to the terminal instead of into files. */
  readonly verbose?: boolean;
  /** Says what is being done, for the person who waits. */
  readonly report?: (line: string) => void;
  /** The programs to run as API and worker; the built ones by default. */
  readonly programs?: { readonly api: string; readonly worker: string };
  readonly restartAfter?: Program['restartAfter'];
}

/** The whole system, running: API, worker and, unless DATABASE_URL names one, PostgreSQL. */
export interface RunningSystem {
  /** Where the API answers, as a browser on this machine would say it. */
  readonly url: string;
  /** The owner's connection string. */
  readonly databaseUrl: string;
  readonly dataFolder: string;
  /** The file with the operator's key; readable by the owner of the folder only. */
  readonly operatorKeyFile: string;
  readonly embedded: boolean;
  /** Settles with the reason when a part failed for good. The rest still runs, until `stop`. */
  readonly failed: Promise<Error>;
  /** Stops the API, the worker, then PostgreSQL, each with a time-out; safe to call again. */
  readonly stop: () => Promise<void>;
}

/** What to undo, last thing first. */
class Undo {
  private readonly steps: (() => Promise<void>)[] = [];
  private done: Promise<void> | undefined;

  add(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  run(): Promise<void> {
    return (this.done ??= this.all());
  }

  private async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.steps.toReversed()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'Lethe did not stop cleanly');
  }
}

/** Starts everything and resolves when all of it is ready; on any failure nothing is left running. */
export async function startSystem(config: Config, options: StartOptions = {}): Promise<RunningSystem> {
  if (config.databaseUrl !== undefined) await probeDatabase(config.databaseUrl);
  const folder = await openDataFolder(config.dataFolder, config.masterKey);
  const undo = new Undo();
  undo.add(folder.close);
  try {
    return await bringUp(config, options, folder, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function bringUp(
  config: Config,
  options: StartOptions,
  folder: DataFolder,
  undo: Undo,
): Promise<RunningSystem> {
  const postgres = config.databaseUrl === undefined ? await embeddedPostgres(folder, options) : null;
  if (postgres !== null) undo.add(postgres.stop);
  const databaseUrl = config.databaseUrl ?? postgres?.url('lethe') ?? '';
  const database = await prepareDatabase(databaseUrl, folder.masterKey);
  await keepOperatorKey(databaseUrl, folder.operatorKeyFile, database.fresh);
  const port = await choosePort(config);
  if (port !== config.port) options.report?.(`Port ${config.port} is taken, so this is ${port}.`);
  const children = await startChildren(childVariables(config, folder, database, port), folder, options, undo);
  const url = `http://${publicHost(config.host)}:${port}`;
  folder.announce(url);
  return {
    url,
    databaseUrl,
    dataFolder: folder.path,
    operatorKeyFile: folder.operatorKeyFile,
    embedded: postgres !== null,
    failed: Promise.race([...children.map(({ failed }) => failed), ...databaseFailure(postgres)]),
    stop: () => undo.run(),
  };
}

async function embeddedPostgres(folder: DataFolder, options: StartOptions): Promise<EmbeddedPostgres> {
  options.report?.('Starting the database…');
  const logFile = join(folder.logsFolder, 'postgres.log');
  const postgres = await startPostgres({ folder: folder.postgresFolder, durable: true, logFile });
  try {
    await postgres.ensureDatabase('lethe');
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

/**
 * Issues an operator's key when this folder has none for this database: whoever can read the folder is the operator,
 * and who lost the key deletes the file and starts again.
 */
async function keepOperatorKey(databaseUrl: string, file: string, fresh: boolean): Promise<void> {
  if (existsSync(file)) {
    if (!fresh) return;
    // The folder served another database before; its key is not ours to lose.
    await rename(file, `${file}.old`);
  }
  const { issueOperatorKey } = await import('#access');
  const key = await asOwner(databaseUrl, (owner) => issueOperatorKey(owner, systemIds, systemClock.now()));
  await writeFile(`${file}.new`, `${key}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

function childVariables(
  config: Config,
  folder: DataFolder,
  database: PreparedDatabase,
  port: number,
): Record<string, string> {
  return childEnvironment({
    LETHE_APP_DATABASE_URL: database.appUrl,
    LETHE_SYSTEM_DATABASE_URL: database.systemUrl,
    LETHE_QUEUE_DATABASE_URL: database.queueUrl,
    REDIS_URL: config.redisUrl,
    LETHE_MASTER_KEY: folder.masterKey.toString('base64'),
    LETHE_LEDGER_FOLDER: folder.ledgerFolder,
    PORT: port.toString(),
    LETHE_HOST: config.host,
  });
}

async function startChildren(
  env: Record<string, string>,
  folder: DataFolder,
  options: StartOptions,
  undo: Undo,
): Promise<readonly Supervised[]> {
  options.report?.('Starting the API and the worker…');
  const programs = options.programs ?? { api: builtProgram('api'), worker: builtProgram('worker') };
  const start = (name: string, file: string, script: string) => {
    const logFile = options.verbose === true ? null : join(folder.logsFolder, `${file}.log`);
    return supervise({
      name,
      script,
      env,
      logFile,
      ...(options.restartAfter && { restartAfter: options.restartAfter }),
    });
  };
  const [worker, api] = await Promise.allSettled([
    start('worker', 'worker', programs.worker),
    start('API', 'api', programs.api),
  ]);
  // The API goes first when everything stops, so it is what is undone last-in.
  for (const started of [worker, api]) if (started.status === 'fulfilled') undo.add(started.value.stop);
  if (api.status === 'rejected') throw api.reason;
  if (worker.status === 'rejected') throw worker.reason;
  return [api.value, worker.value];
}

function databaseFailure(postgres: EmbeddedPostgres | null): readonly Promise<Error>[] {
  return postgres === null
    ? []
    : [postgres.ended.then(() => new Error('The database stopped by itself; see the log'))];
}

function builtProgram(name: string): string {
  return join(import.meta.dirname, '..', name, 'main.js');
}

/** An address to listen on everywhere is none to go to. */
function publicHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
