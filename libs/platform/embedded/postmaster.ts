import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DependencyError, DomainError } from '#kernel';

/** What `postmaster.pid` says: line 1 the process, line 5 the folder of its socket, line 8 its state. */
export interface Postmaster {
  readonly pid: number;
  readonly socketFolder: string;
  readonly state: string;
}

const pollEvery = 5;
const fastStopWithin = 15_000;
const immediateStopWithin = 5_000;
const ownerFile = 'lethe.owner';

export async function readPostmaster(folder: string): Promise<Postmaster | null> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  return Number.isInteger(pid) && pid > 1
    ? { pid, socketFolder: (lines[4] ?? '').trim(), state: (lines[7] ?? '').trim() }
    : null;
}

/** Records who started the server, so that only an orphan is ever taken over. */
export async function claim(folder: string): Promise<void> {
  await writeFile(join(folder, ownerFile), process.pid.toString(), { mode: 0o600 });
}

export async function disclaim(folder: string): Promise<void> {
  await rm(join(folder, ownerFile), { force: true });
}

/**
 * Leaves the folder without a running server, or refuses: one whose starter lives is somebody's, and is let be; an
 * orphan (its starter was killed) may be stopping already, and is stopped and awaited. Two servers on one folder would destroy it.
 */
export async function endOrphan(folder: string): Promise<void> {
  const postmaster = await readPostmaster(folder);
  if (postmaster === null || !(await isPostmasterOf(postmaster.pid, folder))) return;
  const starter = Number.parseInt(await readFile(join(folder, ownerFile), 'utf8').catch(() => ''), 10);
  if (Number.isInteger(starter) && isAlive(starter)) {
    const message = `PostgreSQL already serves ${folder}, started by process ${starter}`;
    throw new DomainError('conflict', 'postgres.running', message);
  }
  await stopServer(postmaster.pid);
}

/** Stops a server: open transactions are rolled back and everything is written; after a while, at once, and recovery does the rest. */
export async function stopServer(pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  if (await gone(pid, fastStopWithin)) return;
  signal(pid, 'SIGQUIT');
  if (await gone(pid, immediateStopWithin)) return;
  signal(pid, 'SIGKILL');
  if (!(await gone(pid, immediateStopWithin))) {
    throw new DependencyError('timeout', `PostgreSQL (process ${pid}) does not stop`);
  }
}

/** Whether a process runs; one that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return process.platform !== 'linux' || !isZombie(pid);
}

/** In a container whose first process reaps nobody, an orphan stays a zombie for ever. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await pause(pollEvery);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, which is what was asked.
  }
}

/** A process id is used again after a reboot, so the number alone does not tell that the process is a server of this folder. */
export async function isPostmasterOf(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'linux') {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return commandLine.split('\0').includes(folder);
  }
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', pid.toString()], { encoding: 'utf8' }).includes(
      folder,
    );
  } catch {
    return false;
  }
}
