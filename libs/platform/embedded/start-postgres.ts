import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { readFile, realpath, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { DependencyError } from '#kernel';
import { findBinaries, type Binaries } from './binaries.js';
import { ensureCluster, giveTo, serverEnvironment, spawned } from './cluster.js';
import { chooseLauncher, probeAbilities, type Launcher } from './launcher.js';
import { openLogFile } from './log-file.js';
import { claim, disclaim, endOrphan, readPostmaster, stopServer } from './postmaster.js';
import { makeSocketFolder, port, socketUrl } from './socket-folder.js';

export interface PostgresOptions {
  /** The data folder of the server; made when missing. Its parent must be writable. */
  readonly folder: string;
  /** False for tests only: nothing is forced to disk, and a crash of the machine loses the cluster. */
  readonly durable: boolean;
  /** Where the server's own log goes; `<folder>.log` by default. */
  readonly logFile?: string;
  /** A short folder of the caller's own for the socket; a private one in the system's temporary folder by default. */
  readonly socketFolder?: string;
  /** How to run the server; found out by trying when absent. */
  readonly launcher?: Launcher;
}

/** A PostgreSQL of our own, on a private Unix socket. It ends with this process, however that ends. */
export interface EmbeddedPostgres {
  readonly socketFolder: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server has ended, asked or not. */
  readonly ended: Promise<void>;
  /** A connection string that pg, TypeORM and BullMQ read; the user is the superuser `postgres` by default. */
  url(database: string, user?: string): string;
  /** Makes the database unless it exists. */
  ensureDatabase(name: string): Promise<void>;
  readonly stop: () => Promise<void>;
}

const pollEvery = 5;
/** Long enough for the recovery of a server that was killed during heavy writing. */
const readyWithin = 120_000;

// For a machine with two cores and some gigabytes that is not PostgreSQL's alone.
const settings = {
  listen_addresses: '',
  port: port.toString(),
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '128MB',
  effective_cache_size: '512MB',
  work_mem: '16MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '512MB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements carry personal data as parameters; the server's log must not.
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
} as const;
const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const;

/**
 * Starts PostgreSQL on a folder, making the cluster first when there is none. Rejects with a DomainError
 * (`postgres.running`) when a living process serves that folder, and a DependencyError when the server cannot run here.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const launcher = options.launcher ?? chooseLauncher(probeAbilities());
  if (launcher === null) {
    throw new DependencyError(
      'not_supported',
      'PostgreSQL does not run as root: start as another user, or set DATABASE_URL',
    );
  }
  const binaries = await findBinaries();
  await endOrphan(options.folder);
  await ensureCluster(options.folder, binaries, launcher, options.durable);
  const folder = await realpath(options.folder);
  const socketFolder = options.socketFolder ?? (await makeSocketFolder(folder));
  await giveTo(socketFolder, launcher.owner);
  await claim(folder);
  const logFile = options.logFile ?? join(dirname(folder), `${basename(folder)}.log`);
  const child = launch({ ...options, folder, logFile }, binaries, launcher, socketFolder);
  const pid = await spawned(child);
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  if (!launcher.diesWithParent) watch(pid, ended);
  try {
    await untilReady(folder, pid, child, logFile);
  } catch (error) {
    await cleanUp(folder, socketFolder);
    throw error;
  }
  return running(folder, socketFolder, pid, ended);
}

function launch(
  options: PostgresOptions & { readonly logFile: string },
  binaries: Binaries,
  launcher: Launcher,
  socketFolder: string,
): ChildProcess {
  const all = { ...settings, unix_socket_directories: socketFolder, ...(options.durable ? {} : careless) };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program = '', ...args] = [...launcher.prefix, binaries.postgres, '-D', options.folder, ...flags];
  const log = openLogFile(options.logFile);
  // Detached, so that Ctrl-C at the terminal reaches us only, and we stop it after those who use it.
  const child = spawn(program, args, {
    cwd: '/',
    env: serverEnvironment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

/** Where the kernel cannot do it: a shell that waits for our end of a pipe to close, and then stops the server. */
function watch(pid: number, ended: Promise<void>): void {
  const script = 'read -r line; kill -INT "$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', pid.toString()], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  void ended.then(() => watchdog.kill('SIGKILL'));
}

async function untilReady(folder: string, pid: number, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + readyWithin;
  for (;;) {
    const postmaster = await readPostmaster(folder);
    if (postmaster?.pid === pid && postmaster.state === 'ready') return;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new DependencyError(
        'unexpected_response',
        `PostgreSQL did not start: ${await lastWords(logFile)}`,
      );
    }
    if (performance.now() > deadline) {
      await stopServer(pid);
      throw new DependencyError(
        'timeout',
        `PostgreSQL is not ready after ${readyWithin / 1_000} s; see ${logFile}`,
      );
    }
    await pause(pollEvery);
  }
}

async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' ') || `see ${logFile}`;
}

function running(folder: string, socketFolder: string, pid: number, ended: Promise<void>): EmbeddedPostgres {
  const url = (database: string, user?: string) => socketUrl(socketFolder, database, user);
  const stop = async () => {
    await stopServer(pid);
    await ended;
    await cleanUp(folder, socketFolder);
  };
  let stopping: Promise<void> | undefined;
  return {
    socketFolder,
    port,
    pid,
    ended,
    url,
    ensureDatabase: (name) => ensureDatabase(url('postgres'), name),
    stop: () => (stopping ??= stop()),
  };
}

async function cleanUp(folder: string, socketFolder: string): Promise<void> {
  await disclaim(folder);
  // Only when nothing else is in it: it may be a folder of the caller's.
  await rmdir(socketFolder).catch(() => undefined);
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
