import { realpath } from 'node:fs/promises';
import { isPostmasterOf, readPostmaster } from './postmaster.js';
import { socketUrl } from './socket-folder.js';

/**
 * The embedded server that serves a data folder at the moment, whoever started it: `url` answers connection strings as
 * that of `startPostgres` does. Null when none is ready. It stops when its starter wants it to.
 */
export async function findPostgres(
  dataFolder: string,
): Promise<{ readonly url: (database: string) => string } | null> {
  const folder = await realpath(dataFolder).catch(() => null);
  const postmaster = folder === null ? null : await readPostmaster(folder);
  if (folder === null || postmaster?.state !== 'ready') return null;
  if (!(await isPostmasterOf(postmaster.pid, folder))) return null;
  return { url: (database) => socketUrl(postmaster.socketFolder, database) };
}
