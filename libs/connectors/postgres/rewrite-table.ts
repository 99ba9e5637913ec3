import { setTimeout } from 'node:timers/promises';
import { DependencyError } from '#kernel';
import type { Session } from './session.js';

const patienceMilliseconds = 10_000;
const pauseMilliseconds = 100;

/** A partitioned table has no size of its own, and one that is not partitioned no tree. */
const sizeOf = `select (pg_total_relation_size($1::regclass)
  + (select coalesce(sum(pg_total_relation_size(relid)), 0) from pg_partition_tree($1::regclass) where isleaf and level > 0)) / 1048576.0`;

/**
 * Whether anything may still look at rows removed before a transaction number was handed out. VACUUM FULL takes a
 * snapshot itself, and a snapshot reaches back to the oldest writer of the whole server, of any database: our own, taken
 * here, tells how far.
 */
const lookedAt = `select exists (
  select from (
    select pg_snapshot_xmin(pg_current_snapshot())::xid as xmin
    union all select backend_xmin from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    union all select xmin from pg_replication_slots
    union all select transaction from pg_prepared_xacts where database = current_database()) as horizon
  where age(horizon.xmin) > age($1::text::xid))`;

/**
 * Writes a table and its indexes anew, without what was removed. A plain VACUUM is not enough: it frees the space of a
 * row or an index entry and leaves the bytes there until something is written over them.
 *
 * VACUUM FULL locks the table, so it is limited in size and waits only shortly for the lock; and it carries over what a
 * running transaction may still see, so those are waited for first. Throws DependencyError not_supported for a table
 * that is too large, timeout when others are in the way: compaction then stays owed.
 */
export async function rewriteTable(
  session: Session,
  name: string,
  { signal, megabytes }: { readonly signal: AbortSignal; readonly megabytes: number },
): Promise<void> {
  const [size] = await session.rows(signal, sizeOf, [name]);
  if (Number(size?.[0]) > megabytes) {
    await session.rows(signal, `vacuum (index_cleanup on, truncate off) ${name}`);
    throw new DependencyError(
      'not_supported',
      `table ${name} is too large to rewrite under a lock: its owner must`,
    );
  }
  await waitForReaders(session, signal);
  await session.rows(signal, `set lock_timeout = ${patienceMilliseconds}`);
  try {
    await session.rows(signal, `vacuum (full, freeze) ${name}`);
  } finally {
    await session.rows(signal, 'reset lock_timeout');
  }
}

async function waitForReaders(session: Session, signal: AbortSignal): Promise<void> {
  const [now] = await session.rows(signal, 'select (pg_current_xact_id()::xid)::text');
  for (let waited = 0; waited < patienceMilliseconds; waited += pauseMilliseconds) {
    const [busy] = await session.rows(signal, lookedAt, [now?.[0]]);
    if (busy?.[0] === false) return;
    await setTimeout(pauseMilliseconds);
  }
  throw new DependencyError('timeout', 'a transaction from before the removal is still running');
}
