import { Client, DatabaseError } from 'pg';
import { DependencyError, DomainError } from '#kernel';
import { deriveKey } from '#platform/crypto';
import { migrate, prepareLogins, prepareRoles, type RoleUrls } from '#platform/database';
import { migrations } from '../../migrations/index.js';

export interface PreparedDatabase extends RoleUrls {
  /** Whether this start made the schema. */
  readonly fresh: boolean;
}

/** Rejects with one sentence when a PostgreSQL cannot be used as the owner of its database. Changes nothing. */
export async function probeDatabase(ownerUrl: string): Promise<void> {
  await asOwner(ownerUrl, (owner) => owner.query('select 1'));
}

/** Brings roles, schema and logins up to date. Safe to repeat and to race. */
export async function prepareDatabase(ownerUrl: string, masterKey: Buffer): Promise<PreparedDatabase> {
  const password = (login: string) => deriveKey(masterKey, `database-login/${login}`).toString('base64url');
  return asOwner(ownerUrl, async (owner) => {
    await prepareRoles(owner);
    const applied = await migrate(owner, migrations);
    const urls = await prepareLogins(owner, ownerUrl, password);
    return { ...urls, fresh: applied.includes(migrations[0]?.name ?? '') };
  });
}

/** Runs work on one connection of the owner's; what PostgreSQL refuses becomes a sentence for a person. */
export async function asOwner<T>(ownerUrl: string, work: (owner: Client) => Promise<T>): Promise<T> {
  const owner = new Client({ connectionString: ownerUrl, connectionTimeoutMillis: 10_000 });
  // A connection that breaks is reported by the query that waits on it.
  owner.on('error', () => undefined);
  try {
    await owner.connect();
    return await work(owner);
  } catch (error) {
    throw explain(error);
  } finally {
    await owner.end().catch(() => undefined);
  }
}

function explain(error: unknown): unknown {
  if (error instanceof DomainError || error instanceof DependencyError) return error;
  if (error instanceof DatabaseError) {
    // PostgreSQL names the user or the database at fault, never a password.
    const code = error.code === '28P01' || error.code === '42501' ? 'unauthorized' : 'unexpected_response';
    return new DependencyError(code, `PostgreSQL refuses: ${error.message} (${error.code ?? 'no code'})`, {
      cause: error,
    });
  }
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no answer in time';
  return new DependencyError('unreachable', `The PostgreSQL of DATABASE_URL cannot be reached (${reason})`, {
    cause: error,
  });
}
