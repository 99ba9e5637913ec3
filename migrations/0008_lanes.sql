-- What a worker has learned about a store, and what people decided about it.

create table store_controls (
  tenant_id uuid not null,
  store_id uuid not null,
  -- Its circuit: calls in a row that failed, how often in a row it opened, since when it is open, and when to try again.
  failures integer not null default 0,
  trips integer not null default 0,
  opened_at timestamptz,
  error text,
  probe_at timestamptz,
  -- Its pause, by a person; while draining, what was planned before is still worked off.
  paused_at timestamptz,
  paused_by text,
  pause_reason text,
  draining boolean not null default false,
  -- Its pace: how many people a call takes, and how many milliseconds each of them has taken lately.
  batch_size integer,
  baseline double precision,
  constraint store_controls_pk primary key (tenant_id, store_id),
  constraint store_controls_store_fk foreign key (tenant_id, store_id) references stores (tenant_id, id),
  constraint store_controls_open_ck check ((opened_at is null) = (probe_at is null)),
  constraint store_controls_paused_ck check ((paused_at is null) = (paused_by is null) and (paused_at is null) = (pause_reason is null)),
  constraint store_controls_draining_ck check (paused_at is not null or not draining)
);
alter table store_controls enable row level security;
create policy store_controls_app on store_controls to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy store_controls_system on store_controls to lethe_system using (true) with check (true);
grant select, insert on store_controls to lethe_app;
grant update (paused_at, paused_by, pause_reason, draining, probe_at) on store_controls to lethe_app;
grant select, insert, update on store_controls to lethe_system;

-- Offboarding ---------------------------------------------------------------------------------------------------------

create or replace function tenant_tables() returns text[]
  language sql immutable
  as $$ select array[
    'causes', 'obligations', 'receipts', 'sweeps', 'requests', 'rescans', 'store_controls', 'stores', 'hold_identifiers', 'holds',
    'disclosures', 'idempotency_keys', 'guardianships', 'consent_events', 'consent_states', 'suppressions', 'subject_identifiers',
    'ledger_openings', 'subjects', 'policy_plans', 'policies', 'issuers', 'break_glass', 'api_keys'] $$;
