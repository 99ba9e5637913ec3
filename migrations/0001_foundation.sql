-- Tenants, keys and the outbox. The group roles lethe_app (one tenant at a time), lethe_system (relay, integrator,
-- lanes: crosses tenants) and lethe_queue (BullMQ's own schema, nothing of ours) exist before the first migration.

revoke create on schema public from public;
grant usage on schema public to lethe_app, lethe_system;

-- The tenant of the current transaction; null when none was set, and then row-level security shows nothing.
create function current_tenant() returns uuid
  language sql stable
  as $$ select nullif(current_setting('app.tenant', true), '')::uuid $$;

create table tenants (
  id uuid not null,
  slug text not null,
  name text not null,
  created_at timestamptz not null,
  constraint tenants_pk primary key (id),
  constraint tenants_slug_uq unique (slug),
  constraint tenants_slug_ck check (slug ~ '^[a-z][a-z0-9-]{0,62}$')
);
alter table tenants enable row level security;
create policy tenants_app on tenants to lethe_app using (id = current_tenant()) with check (id = current_tenant());
create policy tenants_system on tenants to lethe_system using (true);
grant select, insert on tenants to lethe_app;
grant select on tenants to lethe_system;

create table api_keys (
  id uuid not null,
  tenant_id uuid,
  prefix text not null,
  secret_hash bytea not null,
  role text not null,
  name text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint api_keys_pk primary key (id),
  constraint api_keys_prefix_uq unique (prefix),
  constraint api_keys_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint api_keys_role_ck check (role in ('operator', 'administrator', 'privacy_officer', 'auditor', 'service')),
  constraint api_keys_operator_ck check ((role = 'operator') = (tenant_id is null))
);
create index api_keys_tenant_ix on api_keys (tenant_id, id);
alter table api_keys enable row level security;
create policy api_keys_app on api_keys to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert, update on api_keys to lethe_app;

-- The key is looked up before its tenant is known, so this one statement sees every tenant's keys: by exact prefix only.
create function find_api_key(wanted text)
  returns table (id uuid, tenant_id uuid, secret_hash bytea, role text, name text, expires_at timestamptz, revoked_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select k.id, k.tenant_id, k.secret_hash, k.role, k.name, k.expires_at, k.revoked_at from api_keys k where k.prefix = wanted $$;
revoke all on function find_api_key(text) from public;
grant execute on function find_api_key(text) to lethe_app;

-- Bells to ring after commit. A row is deleted once its job is in the queue; ids only, never an identifier of a person.
create table outbox (
  id bigint generated always as identity,
  kind text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  constraint outbox_pk primary key (id)
);
alter table outbox enable row level security;
create policy outbox_app on outbox for insert to lethe_app with check (true);
create policy outbox_system on outbox to lethe_system using (true) with check (true);
grant insert on outbox to lethe_app;
-- Update is what "for update" asks for.
grant select, insert, update, delete on outbox to lethe_system;
