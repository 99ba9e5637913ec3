-- Scopes and rotation of keys, trusted issuers of tokens, disclosures to support, break-glass access, offboarding.

-- Tenants -------------------------------------------------------------------------------------------------------------

-- active → offboarding (read only) → erasing → offboarded; see docs/lifecycles/tenant.md.
alter table tenants
  add column state text not null default 'active',
  add column offboarding_since timestamptz,
  -- The export that the tenant was given: its digest, and the revision it was made at.
  add column export_digest text,
  add column export_revision bigint,
  add column offboarded_at timestamptz,
  -- How many rows the erasure has removed so far: the last ledger entry says it, also after a crash half way.
  add column erased_rows bigint not null default 0,
  add constraint tenants_state_ck check (state in ('active', 'offboarding', 'erasing', 'offboarded'));
create index tenants_erasing_ix on tenants (id) where state = 'erasing';
grant update (state, offboarding_since, export_digest, export_revision) on tenants to lethe_app;

-- A caller names the tenant before we know that it may: by slug or id, exactly one, and nothing else of it.
create function find_tenant(wanted text)
  returns table (id uuid, state text)
  language sql stable security definer set search_path = public, pg_temp
  as $$ select t.id, t.state from tenants t where t.slug = wanted or t.id::text = wanted $$;
revoke all on function find_tenant(text) from public;
grant execute on function find_tenant(text) to lethe_app;

-- Keys ----------------------------------------------------------------------------------------------------------------

alter table api_keys
  -- What the key is narrowed to: { purposes?, stores?, regions? }; null narrows nothing.
  add column scope jsonb,
  add column last_used_at timestamptz,
  add column replaced_by uuid,
  drop constraint api_keys_role_ck,
  add constraint api_keys_role_ck check (role in (
    'operator', 'administrator', 'privacy_officer', 'auditor', 'support', 'service', 'personalisation', 'ingest', 'store_agent'));

drop function find_api_key(text);
-- The key is looked up before its tenant is known, so this one statement sees every tenant's keys: by exact prefix only.
create function find_api_key(wanted text)
  returns table (
    id uuid, tenant_id uuid, tenant_state text, secret_hash bytea, role text, scope jsonb, expires_at timestamptz, revoked_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select k.id, k.tenant_id, t.state, k.secret_hash, k.role, k.scope, k.expires_at, k.revoked_at
      from api_keys k
      left join tenants t on t.id = k.tenant_id
     where k.prefix = wanted
  $$;
revoke all on function find_api_key(text) from public;
grant execute on function find_api_key(text) to lethe_app;

-- When keys of any tenant were last used, written in batches and never backwards.
create function touch_api_keys(used uuid[], used_at timestamptz[]) returns void
  language sql volatile security definer set search_path = public, pg_temp
  as $$
    update api_keys k set last_used_at = u.at
      from unnest(used, used_at) as u (id, at)
     where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)
  $$;
revoke all on function touch_api_keys(uuid[], timestamptz[]) from public;
grant execute on function touch_api_keys(uuid[], timestamptz[]) to lethe_app;

-- Issuers -------------------------------------------------------------------------------------------------------------

-- Who may sign tokens for a tenant: an OpenID provider for its staff, or the host for its people.
create table issuers (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null,
  issuer text not null,
  audience text not null,
  algorithms text[] not null,
  -- Public keys (RFC 7517) where they are not discovered.
  jwks jsonb,
  -- OpenID provider: the claim that names groups, and the role each leads to.
  role_claim text,
  role_map jsonb,
  -- Host: the type of the identifier in "sub".
  identifier_type text,
  created_at timestamptz not null,
  revoked_at timestamptz,
  constraint issuers_pk primary key (tenant_id, id),
  constraint issuers_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint issuers_kind_ck check (kind in ('oidc', 'host')),
  constraint issuers_oidc_ck check ((kind = 'oidc') = (role_claim is not null and role_map is not null)),
  constraint issuers_host_ck check ((kind = 'host') = (identifier_type is not null))
);
create unique index issuers_in_force_ix on issuers (tenant_id, issuer, audience) where revoked_at is null;
alter table issuers enable row level security;
create policy issuers_app on issuers to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on issuers to lethe_app;
grant update (revoked_at) on issuers to lethe_app;

-- Disclosures ---------------------------------------------------------------------------------------------------------

-- One person shown to one member of support, for a stated reason and a short time.
create table disclosures (
  tenant_id uuid not null,
  id uuid not null,
  actor text not null,
  subject_ref uuid not null,
  reason text not null,
  disclosed_at timestamptz not null,
  expires_at timestamptz not null,
  constraint disclosures_pk primary key (tenant_id, id),
  constraint disclosures_subject_fk foreign key (tenant_id, subject_ref) references subjects (tenant_id, ref)
);
create index disclosures_actor_ix on disclosures (tenant_id, actor, expires_at);
create index disclosures_subject_ix on disclosures (tenant_id, subject_ref);
alter table disclosures enable row level security;
create policy disclosures_app on disclosures to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on disclosures to lethe_app;

-- Break-glass ---------------------------------------------------------------------------------------------------------

-- An operator's way into one tenant: a reason, a time limit, and another operator's approval. The tenant sees all of it.
create table break_glass (
  tenant_id uuid not null,
  id uuid not null,
  role text not null,
  reason text not null,
  minutes integer not null,
  requested_by uuid not null,
  requested_at timestamptz not null,
  approved_by uuid,
  approved_at timestamptz,
  ends_at timestamptz,
  ended_by text,
  ended_at timestamptz,
  uses integer not null default 0,
  constraint break_glass_pk primary key (tenant_id, id),
  constraint break_glass_tenant_fk foreign key (tenant_id) references tenants (id),
  constraint break_glass_role_ck check (role in ('privacy_officer', 'auditor')),
  constraint break_glass_minutes_ck check (minutes between 1 and 240),
  constraint break_glass_approval_ck check ((approved_by is null) = (approved_at is null) and (approved_by is null) = (ends_at is null)),
  constraint break_glass_four_eyes_ck check (approved_by <> requested_by)
);
alter table break_glass enable row level security;
create policy break_glass_app on break_glass to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert on break_glass to lethe_app;
grant update (approved_by, approved_at, ends_at, ended_by, ended_at, uses) on break_glass to lethe_app;

-- Offboarding ---------------------------------------------------------------------------------------------------------

-- A closed log takes one entry more, the last, and nobody else's: so what was exported is all there is to erase, and
-- whoever writes late (a request under way, a worker's plan) is refused and leaves nothing behind.
alter table ledger_counters add column closed boolean not null default false;

-- Removes what Lethe holds of a tenant but its log (the entries, which name nobody, and the tree), at most so many rows a
-- call, so that no transaction is long. Refuses a tenant that is not being erased. Answers how many rows went: 0 is done,
-- and then none is left. In the order in which the worker locks rows, so that work under way is waited for.
create function erase_tenant(tenant uuid, most integer) returns integer
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
    foreach tbl in array array[
      'causes', 'obligations', 'receipts', 'sweeps', 'requests', 'rescans', 'stores', 'disclosures', 'consent_events',
      'consent_states', 'suppressions', 'subject_identifiers', 'ledger_openings', 'subjects', 'policies', 'issuers',
      'break_glass', 'api_keys']
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
revoke all on function erase_tenant(uuid, integer) from public;
grant execute on function erase_tenant(uuid, integer) to lethe_system;
grant update (state, name, offboarded_at) on tenants to lethe_system;

-- Logs ----------------------------------------------------------------------------------------------------------------

-- Two logs of one name could be taken for each other.
alter table ledger_trees add constraint ledger_trees_origin_uq unique (origin);
