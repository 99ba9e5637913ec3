-- Subjects, policies, consent, stores, obligations, requests, retention, suppressions.
-- Tables that grow without bound are partitioned by tenant from the start.

create function partition_by_tenant(parent text, parts integer) returns void
  language plpgsql
  as $$
  begin
    for part in 0 .. parts - 1 loop
      execute format('create table %I partition of %I for values with (modulus %s, remainder %s)', parent || '_p' || part, parent, parts, part);
    end loop;
  end $$;

-- One policy for each role: the application sees its tenant, the system role sees all.
create function isolate_tenant(tbl text) returns void
  language plpgsql
  as $$
  begin
    execute format('alter table %I enable row level security', tbl);
    execute format('create policy %I on %I to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', tbl || '_app', tbl);
    execute format('create policy %I on %I to lethe_system using (true) with check (true)', tbl || '_system', tbl);
  end $$;

-- Subjects ------------------------------------------------------------------------------------------------------------

create table subjects (
  tenant_id uuid not null,
  ref uuid not null,
  registered_at timestamptz not null,
  constraint subjects_pk primary key (tenant_id, ref),
  constraint subjects_tenant_fk foreign key (tenant_id) references tenants (id)
) partition by hash (tenant_id);
select partition_by_tenant('subjects', 8);
select isolate_tenant('subjects');
grant select, insert on subjects to lethe_app, lethe_system;

create table subject_identifiers (
  tenant_id uuid not null,
  type text not null,
  hash bytea not null,
  key_id smallint not null,
  subject_ref uuid not null,
  sealed bytea not null,
  constraint subject_identifiers_pk primary key (tenant_id, type, hash),
  constraint subject_identifiers_subject_fk foreign key (tenant_id, subject_ref) references subjects (tenant_id, ref)
) partition by hash (tenant_id);
create index subject_identifiers_subject_ix on subject_identifiers (tenant_id, subject_ref);
select partition_by_tenant('subject_identifiers', 8);
select isolate_tenant('subject_identifiers');
grant select, insert, delete on subject_identifiers to lethe_app, lethe_system;

-- What must not come back. Outlives the subject's identifiers: a keyed hash, never the value.
create table suppressions (
  tenant_id uuid not null,
  type text not null,
  hash bytea not null,
  key_id smallint not null,
  subject_ref uuid not null,
  as_of timestamptz not null,
  constraint suppressions_pk primary key (tenant_id, type, hash)
) partition by hash (tenant_id);
create index suppressions_subject_ix on suppressions (tenant_id, subject_ref);
select partition_by_tenant('suppressions', 8);
select isolate_tenant('suppressions');
grant select, insert, update on suppressions to lethe_app, lethe_system;
grant delete on suppressions to lethe_app;

-- Policies ------------------------------------------------------------------------------------------------------------

create table policies (
  tenant_id uuid not null,
  version integer not null,
  document jsonb not null,
  digest text not null,
  applied_at timestamptz not null,
  constraint policies_pk primary key (tenant_id, version),
  constraint policies_tenant_fk foreign key (tenant_id) references tenants (id)
);
select isolate_tenant('policies');
grant select, insert on policies to lethe_app;
grant select on policies to lethe_system;

-- Consent -------------------------------------------------------------------------------------------------------------

create table consent_events (
  tenant_id uuid not null,
  number bigint not null,
  subject_ref uuid not null,
  purpose text not null,
  action text not null,
  at timestamptz not null,
  expires_at timestamptz,
  notice_version text,
  channel text not null,
  planned_at timestamptz,
  constraint consent_events_pk primary key (tenant_id, number),
  constraint consent_events_action_ck check (action in ('grant', 'refuse', 'withdraw', 'object')),
  constraint consent_events_subject_fk foreign key (tenant_id, subject_ref) references subjects (tenant_id, ref)
) partition by hash (tenant_id);
create index consent_events_subject_ix on consent_events (tenant_id, subject_ref, number);
create index consent_events_unplanned_ix on consent_events (tenant_id, number) where planned_at is null and action in ('withdraw', 'object');
select partition_by_tenant('consent_events', 8);
select isolate_tenant('consent_events');
grant select, insert on consent_events to lethe_app, lethe_system;
grant update (planned_at) on consent_events to lethe_system;

create table consent_states (
  tenant_id uuid not null,
  subject_ref uuid not null,
  purpose text not null,
  action text not null,
  since timestamptz not null,
  expires_at timestamptz,
  notice_version text,
  number bigint not null,
  constraint consent_states_pk primary key (tenant_id, subject_ref, purpose)
) partition by hash (tenant_id);
select partition_by_tenant('consent_states', 8);
select isolate_tenant('consent_states');
grant select, insert, update on consent_states to lethe_app;
grant select, delete on consent_states to lethe_system;

-- The decision service's one read: everything that decide() needs, in one round trip and one snapshot.
create function decision_state(tenant uuid, identifier_type text, identifier_hash bytea, wanted_purpose text)
  returns table (
    revision bigint, epoch integer, policy_version integer, subject_ref uuid, suppressed boolean,
    action text, since timestamptz, expires_at timestamptz, notice_version text, number bigint)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select c.revision, c.epoch, p.version, i.subject_ref, s.hash is not null,
           t.action, t.since, t.expires_at, t.notice_version, t.number
      from ledger_counters c
      left join lateral (select max(version) as version from policies where tenant_id = tenant) p on true
      left join subject_identifiers i on i.tenant_id = tenant and i.type = identifier_type and i.hash = identifier_hash
      left join suppressions s on s.tenant_id = tenant and s.type = identifier_type and s.hash = identifier_hash
      left join consent_states t on t.tenant_id = tenant and t.subject_ref = i.subject_ref and t.purpose = wanted_purpose
     where c.tenant_id = tenant
  $$;
revoke all on function decision_state(uuid, text, bytea, text) from public;
grant execute on function decision_state(uuid, text, bytea, text) to lethe_app;

-- Stores and lanes ----------------------------------------------------------------------------------------------------

create table lanes (
  id uuid not null,
  type text not null,
  endpoint text not null,
  region text not null,
  fence bigint not null default 0,
  lease_until timestamptz,
  constraint lanes_pk primary key (id),
  constraint lanes_endpoint_uq unique (type, endpoint, region)
);
alter table lanes enable row level security;
create policy lanes_system on lanes to lethe_system using (true) with check (true);
grant select, update on lanes to lethe_system;

-- A tenant's registration finds or makes the lane of an endpoint without seeing anybody else's.
create function lane_for(lane uuid, lane_type text, lane_endpoint text, lane_region text) returns uuid
  language sql volatile security definer set search_path = public, pg_temp
  as $$
    insert into lanes (id, type, endpoint, region) values (lane, lane_type, lane_endpoint, lane_region)
    on conflict (type, endpoint, region) do update set region = excluded.region
    returning id
  $$;
revoke all on function lane_for(uuid, text, text, text) from public;
grant execute on function lane_for(uuid, text, text, text) to lethe_app;

create table stores (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  type text not null,
  lane_id uuid not null,
  region text not null,
  level text not null,
  backup_horizon text,
  datasets jsonb not null,
  sealed_settings bytea not null,
  state text not null,
  faults jsonb not null default '[]',
  compaction_owed text[] not null default '{}',
  compaction_due_at timestamptz,
  registered_at timestamptz not null,
  checked_at timestamptz,
  constraint stores_pk primary key (tenant_id, id),
  constraint stores_name_uq unique (tenant_id, name),
  constraint stores_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint stores_lane_fk foreign key (lane_id) references lanes (id),
  constraint stores_state_ck check (state in ('unchecked', 'ready', 'faulty'))
);
create index stores_lane_ix on stores (lane_id);
select isolate_tenant('stores');
grant select, insert, update on stores to lethe_app;
grant select on stores to lethe_system;
grant update (state, faults, checked_at, compaction_owed, compaction_due_at) on stores to lethe_system;

create table rescans (
  tenant_id uuid not null,
  id uuid not null,
  store_id uuid not null,
  state text not null,
  keys bigint not null default 0,
  found bigint not null default 0,
  error text,
  requested_at timestamptz not null,
  finished_at timestamptz,
  constraint rescans_pk primary key (tenant_id, id),
  constraint rescans_store_fk foreign key (tenant_id, store_id) references stores (tenant_id, id),
  constraint rescans_state_ck check (state in ('requested', 'finished', 'failed'))
);
create index rescans_store_ix on rescans (tenant_id, store_id);
create index rescans_requested_ix on rescans (tenant_id, id) where state = 'requested';
select isolate_tenant('rescans');
grant select, insert on rescans to lethe_app;
grant select, update on rescans to lethe_system;

-- Obligations ---------------------------------------------------------------------------------------------------------

create table obligations (
  tenant_id uuid not null,
  id uuid not null,
  lane_id uuid not null,
  store_id uuid not null,
  dataset text not null,
  action text not null,
  cause_kind text not null,
  cause_id uuid not null,
  subject_ref uuid,
  sealed_key bytea,
  only_purposes text[],
  cut_off timestamptz,
  as_of timestamptz not null,
  deadline timestamptz not null,
  due_at timestamptz,
  awaits text[] not null default '{}',
  policy_version integer not null,
  attempts integer not null default 0,
  progress text,
  rows bigint not null default 0,
  exact boolean not null default true,
  error text,
  outcome text,
  basis text,
  level text,
  planned_at timestamptz not null,
  settled_at timestamptz,
  constraint obligations_pk primary key (tenant_id, id),
  constraint obligations_store_fk foreign key (tenant_id, store_id) references stores (tenant_id, id),
  constraint obligations_lane_fk foreign key (lane_id) references lanes (id),
  constraint obligations_action_ck check (action in ('purge')),
  constraint obligations_cause_ck check (cause_kind in ('request', 'withdrawal', 'sweep', 'reappearance')),
  constraint obligations_selector_ck check ((subject_ref is null) = (cut_off is not null)),
  constraint obligations_settled_ck check ((settled_at is null) = (outcome is null)),
  constraint obligations_key_ck check (settled_at is null or sealed_key is null)
) partition by hash (tenant_id);
create index obligations_due_ix on obligations (lane_id, due_at, id) where settled_at is null and due_at is not null;
create index obligations_cause_ix on obligations (tenant_id, cause_id, id);
create index obligations_subject_ix on obligations (tenant_id, subject_ref);
create index obligations_store_ix on obligations (tenant_id, store_id);
create index obligations_open_ix on obligations (deadline) where settled_at is null;
select partition_by_tenant('obligations', 8);
select isolate_tenant('obligations');
grant select on obligations to lethe_app;
grant select, insert, update on obligations to lethe_system;

-- Why work arose, and how much of it is still open. Counted down as obligations settle; closed by whoever raised it.
create table causes (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null,
  open integer not null,
  planned_at timestamptz not null,
  settled_at timestamptz,
  closed_at timestamptz,
  constraint causes_pk primary key (tenant_id, id),
  constraint causes_kind_ck check (kind in ('request', 'withdrawal', 'sweep', 'reappearance')),
  constraint causes_open_ck check (open >= 0)
) partition by hash (tenant_id);
create index causes_settled_ix on causes (tenant_id, kind, id) where settled_at is not null and closed_at is null;
select partition_by_tenant('causes', 8);
select isolate_tenant('causes');
grant select on causes to lethe_app;
grant select, insert, update on causes to lethe_system;

create table batches (
  id uuid not null,
  lane_id uuid not null,
  fence bigint not null,
  obligation_ids uuid[] not null,
  started_at timestamptz not null,
  settled_at timestamptz,
  constraint batches_pk primary key (id),
  constraint batches_lane_fk foreign key (lane_id) references lanes (id)
);
create index batches_lane_ix on batches (lane_id, fence);
alter table batches enable row level security;
create policy batches_system on batches to lethe_system using (true) with check (true);
grant select, insert, update on batches to lethe_system;

-- Requests ------------------------------------------------------------------------------------------------------------

create table requests (
  tenant_id uuid not null,
  id uuid not null,
  batch_id uuid,
  kind text not null,
  state text not null,
  subject_ref uuid not null,
  as_of timestamptz not null,
  deadline timestamptz not null,
  policy_version integer not null,
  settled_at timestamptz,
  constraint requests_pk primary key (tenant_id, id),
  constraint requests_subject_fk foreign key (tenant_id, subject_ref) references subjects (tenant_id, ref),
  constraint requests_kind_ck check (kind in ('deletion')),
  constraint requests_state_ck check (state in ('received', 'running', 'completed', 'completed_with_exceptions', 'partially_completed'))
) partition by hash (tenant_id);
create index requests_batch_ix on requests (tenant_id, batch_id, id);
create index requests_received_ix on requests (tenant_id, id) where state = 'received';
create index requests_open_ix on requests (tenant_id, subject_ref) where state in ('received', 'running');
create index requests_subject_ix on requests (tenant_id, subject_ref);
select partition_by_tenant('requests', 8);
select isolate_tenant('requests');
grant select, insert on requests to lethe_app;
grant select, update on requests to lethe_system;

create table receipts (
  tenant_id uuid not null,
  request_id uuid not null,
  document jsonb not null,
  number bigint not null,
  issued_at timestamptz not null,
  constraint receipts_pk primary key (tenant_id, request_id),
  constraint receipts_request_fk foreign key (tenant_id, request_id) references requests (tenant_id, id)
) partition by hash (tenant_id);
select partition_by_tenant('receipts', 8);
select isolate_tenant('receipts');
grant select on receipts to lethe_app;
grant select, insert on receipts to lethe_system;

-- Retention -----------------------------------------------------------------------------------------------------------

create table sweeps (
  tenant_id uuid not null,
  id uuid not null,
  run_id uuid not null,
  rule text not null,
  policy_version integer not null,
  store_id uuid not null,
  dataset text not null,
  cut_off timestamptz not null,
  dry_run boolean not null,
  state text not null,
  expected bigint,
  effected bigint,
  error text,
  requested_at timestamptz not null,
  finished_at timestamptz,
  constraint sweeps_pk primary key (tenant_id, id),
  constraint sweeps_store_fk foreign key (tenant_id, store_id) references stores (tenant_id, id),
  constraint sweeps_state_ck check (state in ('requested', 'running', 'finished', 'failed'))
);
create index sweeps_run_ix on sweeps (tenant_id, run_id, id);
create index sweeps_store_ix on sweeps (tenant_id, store_id);
create index sweeps_open_ix on sweeps (tenant_id, id) where state in ('requested', 'running');
select isolate_tenant('sweeps');
grant select, insert on sweeps to lethe_app;
grant select, update on sweeps to lethe_system;

drop function partition_by_tenant(text, integer);
drop function isolate_tenant(text);
