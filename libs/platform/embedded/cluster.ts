import { execFile, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DependencyError } from '#kernel';
import type { Binaries } from './binaries.js';
import type { Launcher } from './launcher.js';
import { isAlive } from './postmaster.js';

const run = promisify(execFile);

/**
 * Makes the database cluster, unless it is there, and sees that its owner is the user who will serve it. It is made
 * beside its place and renamed into it, so a kill at any moment leaves either nothing or all of it.
 */
export async function ensureCluster(
  folder: string,
  binaries: Binaries,
  launcher: Launcher,
  durable: boolean,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await removeAbandoned(folder);
  if (!(await exists(join(folder, 'PG_VERSION')))) await initialise(folder, binaries, launcher, durable);
  await giveTo(folder, launcher.owner);
}

export async function giveTo(folder: string, owner: number): Promise<void> {
  if (process.getuid?.() === 0 && (await stat(folder)).uid !== owner) {
    await run('chown', ['-R', `${owner}:${owner}`, folder]);
  }
}

async function initialise(
  folder: string,
  binaries: Binaries,
  launcher: Launcher,
  durable: boolean,
): Promise<void> {
  const draft = `${folder}.new-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  await giveTo(draft, launcher.owner);
  // Sorting and case rules come from PostgreSQL itself, so an update of the system's C library cannot corrupt an index.
  const locale = process.platform === 'darwin' ? 'C' : 'C.UTF-8';
  const settings = [
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    `--locale=${locale}`,
  ];
  const sync = durable ? [] : ['--no-sync'];
  const command = [
    ...launcher.prefix,
    binaries.initdb,
    '-D',
    draft,
    '-U',
    'postgres',
    '-A',
    'trust',
    ...sync,
    ...settings,
  ];
  const [program = '', ...args] = command;
  try {
    await run(program, args, { cwd: '/', env: serverEnvironment });
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw new DependencyError(
      'unexpected_response',
      `PostgreSQL cannot make its data folder: ${reason(cause)}`,
      { cause },
    );
  }
  await chmod(draft, 0o700);
  await rename(draft, folder);
  if (durable) await syncFolder(dirname(folder));
}

/** Nothing of ours decides how the server behaves: no PG* variable, no locale. Names of programs are looked up on a usual path. */
export const serverEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const;

/** Waits for a spawned process to have a process id, or for the reason why it has none. */
export async function spawned(child: ChildProcess): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new DependencyError('invalid_config', 'PostgreSQL cannot be started', { cause }));
    });
  });
  if (child.pid === undefined) throw new DependencyError('invalid_config', 'PostgreSQL cannot be started');
  return child.pid;
}

async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.new-`;
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(prefix)) continue;
    const maker = Number.parseInt(name.slice(prefix.length), 10);
    if (maker === process.pid || !isAlive(maker))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function reason(cause: unknown): string {
  const text = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
  return text.trim().split('\n').slice(-3).join(' ');
}
