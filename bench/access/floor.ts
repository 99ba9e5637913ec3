import type { Client } from 'pg';

/**
 * Gives the owner statements for decisions of its own that do the same and guard nothing: not `security definer`, over
 * tables whose row-level security does not bind their owner. The text of what the API sends stays the same.
 */
export async function makeFloor(owner: Client): Promise<void> {
  await owner.query('create schema floor');
  const { rows } = await owner.query<{ statement: string }>(
    `select format('create function floor.%I(%s) returns %s language plpgsql stable %s as %L',
                   p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
                   (select string_agg(format('set %s = %L', split_part(c, '=', 1), split_part(c, '=', 2)), ' ')
                      from unnest(p.proconfig) c where c not like 'search_path=%'),
                   p.prosrc) as statement
       from pg_proc p where p.proname in ('decision_states', 'decision_changes') and p.pronamespace = 'public'::regnamespace`,
  );
  if (rows.length !== 2) throw new Error('the statements for decisions are not there');
  for (const { statement } of rows) await owner.query(statement);
  await owner.query(
    `do $$ begin execute format('alter role %I in database %I set search_path = floor, public', current_user, current_database()); end $$`,
  );
}
