import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { DomainError, systemClock, systemIds } from '#kernel';
import { openDataFolder, postgresFolderOf, type Config, type DataFolder } from '#platform/config';
import { findPostgres, startPostgres } from '#platform/embedded';
import { asOwner } from './prepare-database.js';

interface OperatorKeyOptions {
  /** Whose the new key is. */
  readonly name: string | undefined;
  /** The prefix of the key to revoke instead. */
  readonly revoke?: string;
}

type Place = Pick<Config, 'databaseUrl' | 'dataFolder' | 'masterKey'>;

/**
 * `lethe operator-key`: issues an operator's key, or revokes one, whether the system runs or not. The new key is all that
 * is printed, so that it can be piped to where it belongs; it is the only copy.
 */
export async function runOperatorKey(
  place: Place,
  { name, revoke }: OperatorKeyOptions,
  say: (line: string) => void,
): Promise<number> {
  if ((name === undefined) === (revoke === undefined)) {
    throw new DomainError(
      'invalid',
      'operator_key.usage',
      'Give the name of a new key, or --revoke a prefix',
    );
  }
  // Loaded here only: the other commands have no use for it.
  const { issueOperatorKey, revokeOperatorKey } = await import('#access');
  const now = systemClock.now();
  if (revoke === undefined) {
    say(await onDatabase(place, (owner) => issueOperatorKey(owner, systemIds, now, name)));
    return 0;
  }
  const revoked = await onDatabase(place, (owner) => revokeOperatorKey(owner, revoke, now));
  say(`The operator's key ${revoke} (${revoked}) is revoked.`);
  return 0;
}

/** Works on the PostgreSQL of DATABASE_URL, else on the data folder's own. */
async function onDatabase<T>(place: Place, work: (owner: Client) => Promise<T>): Promise<T> {
  const { databaseUrl, dataFolder } = place;
  if (databaseUrl !== undefined) return asOwner(databaseUrl, work);
  if (!existsSync(postgresFolderOf(dataFolder))) {
    throw new DomainError(
      'not_found',
      'data_folder.no_database',
      `There is no database in ${dataFolder}: start Lethe once, or set LETHE_DATA or DATABASE_URL`,
    );
  }
  const folder = await openUnlessInUse(place);
  if (folder === undefined) {
    const running = await findPostgres(postgresFolderOf(dataFolder));
    // It begins or ends just now; opening the folder says so, or works after all.
    return running === null
      ? inside(await openDataFolder(dataFolder, place.masterKey), work)
      : asOwner(running.url('lethe'), work);
  }
  return inside(folder, work);
}

async function openUnlessInUse({ dataFolder, masterKey }: Place): Promise<DataFolder | undefined> {
  try {
    return await openDataFolder(dataFolder, masterKey);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'data_folder.in_use') return undefined;
    throw error;
  }
}

/** Starts the folder's own server for the work, and stops it again. */
async function inside<T>(folder: DataFolder, work: (owner: Client) => Promise<T>): Promise<T> {
  try {
    const logFile = join(folder.logsFolder, 'postgres.log');
    const postgres = await startPostgres({ folder: folder.postgresFolder, durable: true, logFile });
    try {
      return await asOwner(postgres.url('lethe'), work);
    } finally {
      await postgres.stop();
    }
  } finally {
    await folder.close();
  }
}
