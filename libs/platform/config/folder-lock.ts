import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { DomainError } from '#kernel';

export interface FolderLock {
  readonly announce: (url: string) => void;
  readonly release: () => Promise<void>;
}

const holderSchema = z.object({ pid: z.int(), url: z.string().nullable() });
type Holder = z.infer<typeof holderSchema>;

/** Long for a process on the same machine, short for the person who waits. */
const answerWithin = 2_000;
const pollEvery = 20;

/**
 * Holds a folder for this process: the lock is a socket that the kernel closes when the process ends, however it ends,
 * so a kill leaves nothing stale; and whoever comes second asks it who is there. Rejects with `data_folder.in_use`.
 */
export async function holdFolder(folder: string): Promise<FolderLock> {
  const address = lockAddress(folder);
  let url: string | null = null;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(JSON.stringify({ pid: process.pid, url } satisfies Holder));
  });
  await listen(server, address, folder);
  // The lock lasts as long as the process, and does not make it last.
  server.unref();
  return {
    announce: (where) => {
      url = where;
    },
    release: () =>
      new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      ),
  };
}

/** On Linux a name that exists only while somebody listens; elsewhere a file, which may outlive its listener. */
function lockAddress(folder: string): string {
  const digest = createHash('sha256')
    .update(`${process.getuid?.() ?? 0}\0${folder}`)
    .digest('hex')
    .slice(0, 16);
  return process.platform === 'linux' ? `\0lethe-${digest}` : join(tmpdir(), `lethe-${digest}.lock`);
}

/** Who answers is refused for; who holds it and does not answer may be ending, and is waited for a moment. */
async function listen(server: Server, address: string, folder: string): Promise<void> {
  const deadline = performance.now() + answerWithin;
  while (!(await tryListen(server, address))) {
    const holder = await askHolder(address);
    if (holder !== null || performance.now() > deadline) throw inUse(folder, holder);
    // A file whose listener is gone; a name of the kernel's is gone with it.
    if (!address.startsWith('\0')) await rm(address, { force: true });
    await pause(pollEvery);
  }
}

function tryListen(server: Server, address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(address, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

function askHolder(address: string): Promise<Holder | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address);
    socket.setTimeout(answerWithin, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString('utf8')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(readHolder(text));
    });
  });
}

function readHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function inUse(folder: string, holder: Holder | null): DomainError {
  return new DomainError(
    'conflict',
    'data_folder.in_use',
    `Lethe is already running on ${folder} ${whereabouts(holder)}`,
  );
}

function whereabouts(holder: Holder | null): string {
  if (holder === null) return 'in another process';
  return `${holder.url === null ? 'and is still starting' : `at ${holder.url}`} (process ${holder.pid})`;
}
