import { existsSync } from 'node:fs';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { DomainError, systemClock, systemIds } from '#kernel';
import type { Config } from '#platform/config';
import type { RoleUrls } from '#platform/database';
import { asOwner, prepareDatabase } from './prepare-database.js';

interface MigrateOptions {
  /** Where the login URLs of API and worker go, as variables for `node --env-file`. */
  readonly processEnv?: string;
  /** Where an operator's key goes, unless the file exists. */
  readonly operatorKey?: string;
}

/**
 * `lethe migrate`: brings roles, schema and logins of one's own PostgreSQL up to date, for those who run the API and the
 * worker apart. Safe to repeat and to race. Prints nothing secret; what is secret goes into files only their owner reads.
 */
export async function runMigrate(
  { databaseUrl, masterKey }: Pick<Config, 'databaseUrl' | 'masterKey'>,
  { processEnv, operatorKey }: MigrateOptions,
  say: (line: string) => void,
): Promise<number> {
  if (databaseUrl === undefined || masterKey === undefined) {
    const missing = databaseUrl === undefined ? 'DATABASE_URL' : 'LETHE_MASTER_KEY';
    throw new DomainError('invalid', 'config.invalid', `${missing} is not set`);
  }
  const { fresh, ...urls } = await prepareDatabase(databaseUrl, masterKey);
  say(fresh ? 'The database is set up.' : 'The database is up to date.');
  if (processEnv !== undefined) {
    await writeSecret(processEnv, variables(urls));
    say(`The logins of API and worker are in ${processEnv}`);
  }
  if (operatorKey !== undefined) say(await issueOnce(databaseUrl, operatorKey));
  return 0;
}

function variables({ appUrl, systemUrl, queueUrl }: RoleUrls): string {
  const lines = {
    LETHE_APP_DATABASE_URL: appUrl,
    LETHE_SYSTEM_DATABASE_URL: systemUrl,
    LETHE_QUEUE_DATABASE_URL: queueUrl,
  };
  // A URL holds no double quote and no line break: both are escaped in it.
  return Object.entries(lines)
    .map(([name, url]) => `${name}="${url}"\n`)
    .join('');
}

/** An existing file is never replaced: its key may be in use. Of two that race, one key stays without a holder. */
async function issueOnce(databaseUrl: string, file: string): Promise<string> {
  if (existsSync(file)) return `The operator's key is in ${file} already`;
  const { issueOperatorKey } = await import('#access');
  const key = await asOwner(databaseUrl, (owner) => issueOperatorKey(owner, systemIds, systemClock.now()));
  const draft = await writeDraft(file, `${key}\n`);
  // A link fails where a rename would replace what somebody else has put there meanwhile.
  await link(draft, file).finally(() => rm(draft));
  return `An operator's key is in ${file}`;
}

async function writeSecret(file: string, text: string): Promise<void> {
  await rename(await writeDraft(file, text), file);
}

/** The text, on disk, beside the file that it will become. */
async function writeDraft(file: string, text: string): Promise<string> {
  const draft = `${file}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  return draft;
}
