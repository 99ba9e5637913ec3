import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Part of the socket's name; nothing listens on the network. */
export const port = 5432;

/** A connection string that pg, TypeORM and BullMQ read; the superuser `postgres` unless told otherwise. */
export function socketUrl(socketFolder: string, database: string, user = 'postgres'): string {
  return `postgres://${encodeURIComponent(user)}@${encodeURIComponent(socketFolder)}:${port}/${encodeURIComponent(database)}`;
}

/** A socket's path has at most 103 bytes on macOS and 107 on Linux; PostgreSQL adds `/.s.PGSQL.5432.lock`. */
const longestFolder = 84;

/**
 * A short private folder for the server's socket: the same one at each start, so that a killed run leaves nothing
 * behind that the next does not use. A name somebody else took first is never trusted.
 */
export async function makeSocketFolder(dataFolder: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const digest = createHash('sha256').update(`${uid}\0${dataFolder}`).digest('hex').slice(0, 12);
  const base = tmpdir().length + 20 > longestFolder ? '/tmp' : tmpdir();
  const folder = join(base, `lethe-${digest}`);
  try {
    await mkdir(folder, { mode: 0o700 });
    return folder;
  } catch {
    const found = await lstat(folder).catch(() => null);
    const ours =
      found?.isDirectory() === true && (found.mode & 0o077) === 0 && (found.uid === uid || uid === 0);
    return ours ? folder : mkdtemp(join(base, 'lethe-'));
  }
}
