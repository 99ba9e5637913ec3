import type { Client } from 'pg';

/**
 * Gives the owner a `decision_state` of its own that does the same and guards nothing: not `security definer`, no setting
 * of a search path, so that PostgreSQL inlines it, over tables whose row-level security does not bind their owner. The
 * text of the statement stays the one that the API sends. Throws when it is not inlined: then it would be no floor.
 */
export async function makeFloor(owner: Client): Promise<void> {
  const { rows } = await owner.query<{ statement: string }>(
    `select format('create function floor.decision_state(%s) returns %s language sql stable as %L',
                   pg_get_function_arguments(oid), pg_get_function_result(oid), prosrc) as statement
       from pg_proc where proname = 'decision_state' and pronamespace = 'public'::regnamespace`,
  );
  await owner.query('create schema floor');
  await owner.query(rows[0]?.statement ?? '');
  const { rows: plan } = await owner.query<{ 'QUERY PLAN': string }>(
    `explain select * from floor.decision_state('00000000-0000-4000-8000-000000000000', 'account_id', '', 'ranking', now())`,
  );
  if (plan.some((line) => line['QUERY PLAN'].includes('Function Scan')))
    throw new Error('PostgreSQL does not inline the decision statement');
  await owner.query(
    `do $$ begin execute format('alter role %I in database %I set search_path = floor, public', current_user, current_database()); end $$`,
  );
}
