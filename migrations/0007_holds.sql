-- Legal holds, and the work that waits for their end.

-- Never changed once placed, but for its end. Active is what was not lifted and whose time is not up.
create table holds (
  tenant_id uuid not null,
  id uuid not null,
  basis text not null,
  matter text not null,
  reason text not null,
  -- The people it names, as they were known when it was placed; empty: everybody. So with each list below.
  subject_refs uuid[] not null,
  stores text[] not null,
  -- As store/dataset.
  datasets text[] not null,
  categories text[] not null,
  purposes text[] not null,
  collected_from timestamptz,
  collected_until timestamptz,
  placed_by text not null,
  since timestamptz not null,
  until timestamptz,
  lifted_by text,
  lifted_at timestamptz,
  lift_reason text,
  -- When a worker noted that its time was up; from `until` on it holds nothing, noted or not.
  ended_at timestamptz,
  constraint holds_pk primary key (tenant_id, id),
  constraint holds_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint holds_basis_ck check (basis in ('legal_claims', 'legal_obligation', 'public_task')),
  constraint holds_until_ck check (until > since),
  constraint holds_collected_ck check (collected_from <= collected_until),
  constraint holds_lifted_ck check ((lifted_by is null) = (lifted_at is null) and (lifted_by is null) = (lift_reason is null)),
  constraint holds_over_ck check (lifted_at is null or ended_at is null)
);
create index holds_in_force_ix on holds (tenant_id, id) where lifted_at is null and ended_at is null;
alter table holds enable row level security;
create policy holds_app on holds to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy holds_system on holds to lethe_system using (true) with check (true);
grant select, insert on holds to lethe_app;
grant update (lifted_by, lifted_at, lift_reason) on holds to lethe_app;
grant select on holds to lethe_system;
grant update (ended_at) on holds to lethe_system;

-- By what a hold knows the people it names, whatever becomes of our other copies. They go when it is over.
create table hold_identifiers (
  tenant_id uuid not null,
  hold_id uuid not null,
  type text not null,
  hash bytea not null,
  key_id smallint not null,
  -- Whom the hold names by it.
  subject_ref uuid not null,
  sealed bytea not null,
  constraint hold_identifiers_pk primary key (tenant_id, hold_id, type, hash),
  constraint hold_identifiers_hold_fk foreign key (tenant_id, hold_id) references holds (tenant_id, id)
);
create index hold_identifiers_subject_ix on hold_identifiers (tenant_id, subject_ref);
create index hold_identifiers_hash_ix on hold_identifiers (tenant_id, type, hash);
alter table hold_identifiers enable row level security;
create policy hold_identifiers_app on hold_identifiers to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy hold_identifiers_system on hold_identifiers to lethe_system using (true) with check (true);
grant select, insert on hold_identifiers to lethe_app;
grant select, delete on hold_identifiers to lethe_system;

-- Obligations ---------------------------------------------------------------------------------------------------------

alter table obligations
  -- Settled: the hold that held it. Open: the hold that it waits for.
  add column hold_id uuid,
  -- The held obligation that this one continues.
  add column succeeds uuid,
  add constraint obligations_hold_fk foreign key (tenant_id, hold_id) references holds (tenant_id, id),
  add constraint obligations_waiting_ck check (settled_at is not null or hold_id is null or due_at is null);
create index obligations_hold_ix on obligations (tenant_id, hold_id) where hold_id is not null;
create index obligations_waiting_ix on obligations (tenant_id, hold_id) where hold_id is not null and settled_at is null;

-- Takes the lanes of these stores until the end of the transaction, so that no batch begins there, and answers what is in
-- somebody's hands: of this tenant, whoever else shares the lanes.
create function obligations_in_flight(tenant uuid, wanted uuid[])
  returns table (batch_id uuid, started_at timestamptz, obligation_id uuid)
  language plpgsql volatile security definer set search_path = public, pg_temp
  as $$
  declare
    own uuid[] := array(select distinct s.lane_id from stores s where s.tenant_id = tenant and s.id = any (wanted));
  begin
    perform 1 from lanes l where l.id = any (own) order by l.id for no key update;
    return query
      select b.id, b.started_at, o.id
        from lanes l
        join batches b on b.lane_id = l.id and b.fence = l.fence and b.settled_at is null
       cross join unnest(b.obligation_ids) as named (id)
        join obligations o on o.tenant_id = tenant and o.id = named.id
       where l.id = any (own) and l.lease_until is not null
       order by b.id, o.id;
  end $$;
revoke all on function obligations_in_flight(uuid, uuid[]) from public;
grant execute on function obligations_in_flight(uuid, uuid[]) to lethe_app;

-- Receipts and sweeps -------------------------------------------------------------------------------------------------

-- A request whose held parts were done later has a further receipt.
alter table receipts drop constraint receipts_pk, add constraint receipts_pk primary key (tenant_id, request_id, number);

-- The hold that keeps some of its rows, or all.
alter table sweeps add column hold_id uuid,
  add constraint sweeps_hold_fk foreign key (tenant_id, hold_id) references holds (tenant_id, id);
create index sweeps_hold_ix on sweeps (tenant_id, hold_id) where hold_id is not null;

-- Offboarding ---------------------------------------------------------------------------------------------------------

create or replace function tenant_tables() returns text[]
  language sql immutable
  as $$ select array[
    'causes', 'obligations', 'receipts', 'sweeps', 'requests', 'rescans', 'stores', 'hold_identifiers', 'holds', 'disclosures',
    'idempotency_keys', 'guardianships', 'consent_events', 'consent_states', 'suppressions', 'subject_identifiers', 'ledger_openings',
    'subjects', 'policy_plans', 'policies', 'issuers', 'break_glass', 'api_keys'] $$;
