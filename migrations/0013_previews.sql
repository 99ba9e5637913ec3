-- What a deletion would do, counted in the stores before anybody asks for it.

-- The people stand sealed in the row until they are counted, and the row goes after a day.
create table request_previews (
  tenant_id uuid not null,
  id uuid not null,
  state text not null,
  people integer not null,
  as_of timestamptz not null,
  policy_version integer not null,
  sealed_people bytea,
  -- By store and dataset; while counting, of the stores that were counted, null before any was.
  parts jsonb,
  actor text not null,
  expires_at timestamptz not null,
  -- Until when the worker that counts it is believed to be alive.
  counted_until timestamptz,
  constraint request_previews_pk primary key (tenant_id, id),
  constraint request_previews_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint request_previews_state_ck check (state in ('counting', 'counted', 'failed')),
  constraint request_previews_sealed_ck check ((sealed_people is not null) = (state = 'counting')),
  constraint request_previews_parts_ck check (parts is not null or state = 'counting')
);
create index request_previews_counting_ix on request_previews (tenant_id, id) where state = 'counting';
create index request_previews_expired_ix on request_previews (expires_at);
alter table request_previews enable row level security;
create policy request_previews_app on request_previews to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy request_previews_system on request_previews to lethe_system using (true) with check (true);
grant select, insert on request_previews to lethe_app;
grant select, delete on request_previews to lethe_system;
grant update (state, parts, sealed_people, counted_until) on request_previews to lethe_system;

create or replace function tenant_tables() returns text[]
  language sql immutable
  as $$ select array[
    'causes', 'obligations', 'receipts', 'sweeps', 'request_previews', 'requests', 'rescans', 'store_controls', 'stores',
    'hold_identifiers', 'holds', 'disclosures', 'idempotency_keys', 'guardianships', 'consent_events', 'consent_states',
    'suppressions', 'subject_identifiers', 'ledger_openings', 'subjects', 'policy_plans', 'policies', 'issuers', 'break_glass',
    'api_keys'] $$;
