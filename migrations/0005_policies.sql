-- Policies as code: files, plans with counts, a time to take effect, sweeps by purpose and by moment.

-- Versions ------------------------------------------------------------------------------------------------------------

alter table policies add column files jsonb not null default '[]';
-- Null: from its application on, whatever the clock of who asks says.
alter table policies add column effective_at timestamptz;
alter table policies add column actor text not null default '';
alter table policies alter column files drop default;
alter table policies alter column actor drop default;

-- Documents of before: a rule named one store and one dataset, and there was one clock.
update policies set document = jsonb_build_object(
  'purposes', document -> 'purposes',
  'jurisdictions', '{}'::jsonb, 'categories', '{}'::jsonb, 'levels', '{}'::jsonb, 'lanes', '{}'::jsonb, 'limits', '{}'::jsonb,
  'retention', coalesce((
    select jsonb_object_agg(rule.key, rule.value - 'store' - 'dataset' || jsonb_build_object(
             'match', jsonb_build_object('store', jsonb_build_array(rule.value -> 'store'), 'dataset', jsonb_build_array(rule.value -> 'dataset')),
             'then', 'purge', 'exceptions', '[]'::jsonb))
      from jsonb_each(document -> 'retention') rule), '{}'::jsonb),
  'erasure', jsonb_build_object('everything', jsonb_build_object('match', '{}'::jsonb, 'then', 'purge')),
  'clocks', jsonb_build_object('deletion', jsonb_strip_nulls(jsonb_build_object(
    'within', coalesce(document -> 'erasure' ->> 'deadline', 'P1M'), 'source', document -> 'erasure' ->> 'source'))));

-- Data maps of before could not say moments.
update stores set datasets = coalesce(
  (select jsonb_agg(dataset || '{"moments": {}}'::jsonb order by position) from jsonb_array_elements(datasets) with ordinality as each (dataset, position)), '[]');

drop function decision_state(uuid, text, bytea, text);
-- The decision service's one read: everything that decide() needs, in one round trip and one snapshot. In force is the latest
-- version of those that have taken effect: a later one takes the place of an earlier one that was still to come.
create function decision_state(tenant uuid, identifier_type text, identifier_hash bytea, wanted_purpose text, at timestamptz)
  returns table (
    revision bigint, epoch integer, policy_version integer, subject_ref uuid, suppressed boolean,
    action text, since timestamptz, expires_at timestamptz, notice_version text, number bigint)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select c.revision, c.epoch, p.version, i.subject_ref, s.hash is not null,
           t.action, t.since, t.expires_at, t.notice_version, t.number
      from ledger_counters c
      left join lateral (select max(v.version) as version from policies v 
                          where v.tenant_id = tenant and (v.effective_at is null or v.effective_at <= at)) p on true
      left join subject_identifiers i on i.tenant_id = tenant and i.type = identifier_type and i.hash = identifier_hash
      left join suppressions s on s.tenant_id = tenant and s.type = identifier_type and s.hash = identifier_hash
      left join consent_states t on t.tenant_id = tenant and t.subject_ref = i.subject_ref and t.purpose = wanted_purpose
     where c.tenant_id = tenant
  $$;
revoke all on function decision_state(uuid, text, bytea, text, timestamptz) from public;
grant execute on function decision_state(uuid, text, bytea, text, timestamptz) to lethe_app;

-- Plans ---------------------------------------------------------------------------------------------------------------

-- What a policy would change, counted in the stores before anything is applied. `world` is the digest of the data map that
-- it was planned for; `digest` is of everything its author was shown, and applying needs it.
create table policy_plans (
  tenant_id uuid not null,
  id uuid not null,
  state text not null,
  base integer,
  document jsonb not null,
  files jsonb not null,
  findings jsonb not null,
  impact jsonb not null,
  world text not null,
  digest text,
  effective_at timestamptz,
  actor text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  approved_by text,
  approval_reason text,
  approved_at timestamptz,
  version integer,
  -- Until when the worker that counts it is believed to be alive.
  counted_until timestamptz,
  constraint policy_plans_pk primary key (tenant_id, id),
  constraint policy_plans_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint policy_plans_version_fk foreign key (tenant_id, version) references policies (tenant_id, version),
  constraint policy_plans_state_ck check (state in ('counting', 'ready', 'refused', 'applied')),
  constraint policy_plans_digest_ck check ((digest is not null) = (state in ('ready', 'applied'))),
  constraint policy_plans_version_ck check ((version is not null) = (state = 'applied')),
  constraint policy_plans_approval_ck check ((approved_by is null) = (approved_at is null) and (approved_by is null) = (approval_reason is null)),
  constraint policy_plans_four_eyes_ck check (approved_by <> actor)
);
create index policy_plans_counting_ix on policy_plans (tenant_id, id) where state = 'counting';
create index policy_plans_version_ix on policy_plans (tenant_id, version);
alter table policy_plans enable row level security;
create policy policy_plans_app on policy_plans to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy policy_plans_system on policy_plans to lethe_system using (true) with check (true);
grant select, insert, delete on policy_plans to lethe_app;
grant update (state, digest, approved_by, approval_reason, approved_at, version) on policy_plans to lethe_app;
grant select on policy_plans to lethe_system;
grant update (state, impact, digest, counted_until) on policy_plans to lethe_system;

-- Sweeps --------------------------------------------------------------------------------------------------------------

-- By which moment rows are judged, and which purposes they may list at most: null all rows, empty those that list none.
alter table sweeps add column moment text not null default 'collected';
alter table sweeps add column only_purposes text[];
alter table sweeps alter column moment drop default;
alter table obligations add column moment text not null default 'collected';

-- Offboarding ---------------------------------------------------------------------------------------------------------

-- What is erased of a tenant, in the order in which the worker locks rows. A migration that adds a table replaces this.
create function tenant_tables() returns text[]
  language sql immutable
  as $$ select array[
    'causes', 'obligations', 'receipts', 'sweeps', 'requests', 'rescans', 'stores', 'disclosures', 'consent_events',
    'consent_states', 'suppressions', 'subject_identifiers', 'ledger_openings', 'subjects', 'policy_plans', 'policies', 'issuers',
    'break_glass', 'api_keys'] $$;

-- Removes what Lethe holds of a tenant but its log (the entries, which name nobody, and the tree), at most so many rows a
-- call, so that no transaction is long. Refuses a tenant that is not being erased. Answers how many rows went: 0 is done,
-- and then none is left.
create or replace function erase_tenant(tenant uuid, most integer) returns integer
  language plpgsql volatile security definer set search_path = public, pg_temp
  as $$
  declare
    tbl text;
    gone integer := 0;
    part integer;
    remains boolean;
  begin
    perform 1 from tenants where id = tenant and state = 'erasing' for no key update;
    if not found then
      raise exception 'the tenant is not being erased' using errcode = 'check_violation';
    end if;
    foreach tbl in array tenant_tables()
    loop
      loop
        -- The rows of a tenant are in one partition, so a ctid names one row of it.
        execute format(
          'delete from %1$I where tenant_id = $1 and ctid = any (array(select ctid from %1$I where tenant_id = $1 limit $2))', tbl)
          using tenant, most - gone;
        get diagnostics part = row_count;
        gone := gone + part;
        exit when gone >= most;
        -- A row that was changed while we waited for it has another ctid now: once more.
        execute format('select exists (select 1 from %I where tenant_id = $1)', tbl) into remains using tenant;
        exit when not remains;
      end loop;
      exit when gone >= most;
    end loop;
    if gone > 0 then
      update tenants set erased_rows = erased_rows + gone where id = tenant;
    end if;
    return gone;
  end $$;
