import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DatabaseError, type Client } from 'pg';
import { DependencyError, DomainError } from '#kernel';

/** One step forward of the schema. Its name orders and identifies it; its file never changes once released. */
export interface Migration {
  readonly name: string;
  /** The SQL file: any number of statements, run in one transaction. */
  readonly file: URL;
}

interface Step {
  readonly name: string;
  readonly sql: string;
  readonly digest: string;
}

interface Applied {
  readonly name: string;
  readonly digest: string;
}

const oldestServer = 160_000;
/** Any number will do, as long as nothing else of ours in the database locks it. */
const lockKey = 7_315_201_149_021;

/**
 * Brings the schema to what this version of the code expects; answers the names it applied. Each migration is one
 * transaction under one lock, so starters may race and a kill leaves whole steps only. Rejects with a DomainError
 * (`database.newer`, `database.altered`, `database.order`, `database.too_old`) before anything is changed.
 */
export async function migrate(client: Client, migrations: readonly Migration[]): Promise<readonly string[]> {
  await requireVersion(client);
  const steps = await Promise.all(migrations.map(readStep));
  const done: string[] = [];
  for (;;) {
    const name = await inTransaction(client, () => applyNext(client, steps));
    if (name === null) return done;
    done.push(name);
  }
}

async function requireVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number; text: string }>(
    "select current_setting('server_version_num')::int as version, current_setting('server_version') as text",
  );
  const [server] = rows;
  if (server === undefined || server.version < oldestServer) {
    const message = `Lethe needs PostgreSQL 16 or newer; this server is ${server?.text ?? 'unknown'}`;
    throw new DomainError('conflict', 'database.too_old', message);
  }
}

async function readStep({ name, file }: Migration): Promise<Step> {
  const bytes = await readFile(file);
  return { name, sql: bytes.toString('utf8'), digest: createHash('sha256').update(bytes).digest('hex') };
}

async function applyNext(client: Client, steps: readonly Step[]): Promise<string | null> {
  await client.query('select pg_advisory_xact_lock($1)', [lockKey]);
  await client.query(
    `create table if not exists public.schema_migrations (
       name text not null constraint schema_migrations_pk primary key,
       digest text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows: applied } = await client.query<Applied>('select name, digest from public.schema_migrations');
  const step = nextStep(steps, applied);
  if (step === undefined) return null;
  await run(client, step);
  await client.query('insert into public.schema_migrations (name, digest) values ($1, $2)', [
    step.name,
    step.digest,
  ]);
  return step.name;
}

/** The first migration that the database lacks. Refuses a database that this code did not make. */
function nextStep(steps: readonly Step[], applied: readonly Applied[]): Step | undefined {
  const digests = new Map(applied.map(({ name, digest }) => [name, digest]));
  const known = new Set(steps.map(({ name }) => name));
  const newer = applied.find(({ name }) => !known.has(name));
  if (newer !== undefined) {
    const message = `The database is newer than this version of Lethe: it has the migration ${newer.name}. Use the newer version.`;
    throw new DomainError('conflict', 'database.newer', message);
  }
  const altered = steps.find(({ name, digest }) => digests.has(name) && digests.get(name) !== digest);
  if (altered !== undefined) {
    const message = `The migration ${altered.name} was edited after it was applied. Undo the edit and write a new migration.`;
    throw new DomainError('conflict', 'database.altered', message);
  }
  const pending = steps.findIndex(({ name }) => !digests.has(name));
  const later = pending < 0 ? undefined : steps.slice(pending).find(({ name }) => digests.has(name));
  if (later !== undefined) {
    const message = `The migration ${steps[pending]?.name ?? ''} is listed before ${later.name}, which is applied. Migrations only go forward.`;
    throw new DomainError('conflict', 'database.order', message);
  }
  return steps[pending];
}

async function run(client: Client, step: Step): Promise<void> {
  try {
    await client.query('set local search_path = public');
    await client.query(step.sql);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'unknown';
    throw new DependencyError(
      'unexpected_response',
      `The migration ${step.name}${place(step, cause)} failed: ${message}`,
      { cause },
    );
  }
}

function place(step: Step, cause: unknown): string {
  const position = cause instanceof DatabaseError ? Number(cause.position) : Number.NaN;
  return Number.isNaN(position) ? '' : ` (line ${step.sql.slice(0, position).split('\n').length})`;
}

async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // The connection may be what failed; the first error is the one to report.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
