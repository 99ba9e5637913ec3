-- Consent complete: who acted, how and when; state that a late yes cannot undo; idempotency; guardians and merged subjects;
-- and the statements of the two hot paths, each one round trip. They look everything up by key, so their plans are made once
-- and never scan, however small the tables were when they were made.

-- Subjects ------------------------------------------------------------------------------------------------------------

alter table subjects
  -- The day from which the person may consent alone (GDPR Art. 8), worked out when it was told; no date of birth is kept.
  add column of_age_on date,
  add column jurisdiction text,
  -- Who they turned out to be.
  add column merged_into uuid,
  add column merged_at timestamptz,
  add constraint subjects_merged_into_ck check (merged_into <> ref);
create index subjects_merged_into_ix on subjects (tenant_id, merged_into) where merged_into is not null;
grant update (of_age_on, jurisdiction, merged_into, merged_at) on subjects to lethe_app;
grant update (subject_ref) on subject_identifiers to lethe_app;

-- How replicas of the decision state look a person up: SipHash-2-4 under a key of the tenant's that its replicas share.
-- Null until the first replica asks for rows of before.
alter table subject_identifiers add column replica_hash bytea;
alter table suppressions add column replica_hash bytea;
grant update (replica_hash) on subject_identifiers to lethe_app;
create index subject_identifiers_unhashed_ix on subject_identifiers (tenant_id) where replica_hash is null;

create table guardianships (
  tenant_id uuid not null,
  subject_ref uuid not null,
  guardian_ref uuid not null,
  -- How the host made sure of it, in words; never a document.
  proof text not null,
  actor text not null,
  since timestamptz not null,
  ended_at timestamptz,
  constraint guardianships_pk primary key (tenant_id, subject_ref, guardian_ref),
  constraint guardianships_subject_fk foreign key (tenant_id, subject_ref) references subjects (tenant_id, ref),
  constraint guardianships_guardian_fk foreign key (tenant_id, guardian_ref) references subjects (tenant_id, ref),
  constraint guardianships_other_ck check (guardian_ref <> subject_ref)
);
create index guardianships_guardian_ix on guardianships (tenant_id, guardian_ref);
alter table guardianships enable row level security;
create policy guardianships_app on guardianships to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy guardianships_system on guardianships to lethe_system using (true) with check (true);
grant select, insert on guardianships to lethe_app;
grant update (proof, actor, since, ended_at) on guardianships to lethe_app;
grant select, delete on guardianships to lethe_system;

-- Registers those whom nobody knows yet, and answers everybody's pseudonym, in the order asked.
create function register_subjects(
    tenant uuid, at timestamptz, hash_key smallint, types text[], hashes bytea[], replica_hashes bytea[], refs uuid[], sealeds bytea[])
  returns table (subject_ref uuid)
  language plpgsql volatile
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  begin
    insert into subjects (tenant_id, ref, registered_at) select tenant, unnest(refs), at;
    insert into subject_identifiers as i (tenant_id, type, hash, replica_hash, key_id, subject_ref, sealed)
      select tenant, p.type, p.hash, p.replica_hash, hash_key, p.ref, p.sealed
        from unnest(types, hashes, replica_hashes, refs, sealeds) as p (type, hash, replica_hash, ref, sealed)
       order by p.type, p.hash
      on conflict (tenant_id, type, hash) do nothing;
    -- Somebody else may have been first.
    return query
      select i.subject_ref
        from unnest(types, hashes) with ordinality as p (type, hash, ord)
       cross join lateral (
          select x.subject_ref from subject_identifiers x where x.tenant_id = tenant and x.type = p.type and x.hash = p.hash limit 1) i
       order by p.ord;
  end $$;

-- Consent -------------------------------------------------------------------------------------------------------------

alter table consent_events
  -- Subjects are never removed while their tenant writes, and to look each of them up and lock it cost a fifth of every write.
  drop constraint consent_events_subject_fk,
  drop constraint consent_events_action_ck,
  add constraint consent_events_action_ck check (action in ('grant', 'refuse', 'withdraw', 'object', 'expire', 'invalidate', 'renew')),
  -- When it happened by the client's clock, within bounds; `claimed_at` is what the client said where that was beyond them.
  add column occurred_at timestamptz,
  add column claimed_at timestamptz,
  add column actor_kind text not null default 'person',
  add column actor text not null default '',
  add column proof text,
  add column guardian_ref uuid,
  add column language text,
  add column jurisdiction text,
  add column policy_version integer,
  add column context jsonb,
  add constraint consent_events_actor_ck check (actor_kind in ('person', 'guardian', 'agent', 'staff', 'import', 'system'));
update consent_events set occurred_at = at;
alter table consent_events alter column occurred_at set not null;
drop index consent_events_unplanned_ix;
create index consent_events_unplanned_ix on consent_events (tenant_id, number) where planned_at is null and action not in ('grant', 'renew');

alter table consent_states
  -- The latest time of a no: a yes that happened before it changes nothing, however late it arrives.
  add column denied_at timestamptz;
update consent_states set denied_at = since where action <> 'grant';
-- Validity ends at a whole second.
update consent_states set expires_at = date_trunc('second', expires_at) where expires_at is not null;
create index consent_states_lapsing_ix on consent_states (tenant_id, expires_at) where expires_at is not null and action in ('grant', 'renew');
grant insert, update on consent_states to lethe_system;
grant delete on consent_states to lethe_app;

-- What writes answered, so that one that is sent again is answered alike and done once, for a week.
create table idempotency_keys (
  tenant_id uuid not null,
  -- SHA-256 of who asked and the key they chose.
  key bytea not null,
  -- SHA-256 of what they asked.
  request bytea not null,
  answer jsonb not null,
  created_at timestamptz not null,
  constraint idempotency_keys_pk primary key (tenant_id, key)
) partition by hash (tenant_id);
create index idempotency_keys_created_ix on idempotency_keys (tenant_id, created_at);
do $$
begin
  for part in 0 .. 7 loop
    execute format('create table idempotency_keys_p%s partition of idempotency_keys for values with (modulus 8, remainder %1$s)', part);
  end loop;
end $$;
alter table idempotency_keys enable row level security;
create policy idempotency_keys_app on idempotency_keys to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy idempotency_keys_system on idempotency_keys to lethe_system using (true) with check (true);
grant select on idempotency_keys to lethe_app, lethe_system;

-- The ledger ----------------------------------------------------------------------------------------------------------

-- Takes the next numbers under the tenant's counter, which stays locked until the commit, and appends an entry for each.
-- An entry's bytes are its time, `heads`, its number, `tails`: only what is known under the counter is filled in here.
-- Answers nothing when the tenant has no log, or a closed one.
create function append_entries(tenant uuid, at timestamptz, kinds text[], heads text[], tails text[], salts bytea[], refs uuid[])
  returns table (first bigint, epoch integer)
  language plpgsql volatile
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  declare
    count integer := cardinality(kinds);
    last bigint;
    counted integer;
  begin
    update ledger_counters c set revision = c.revision + count
     where c.tenant_id = tenant and not c.closed
    returning c.revision, c.epoch into last, counted;
    if not found then
      return;
    end if;
    insert into ledger_entries (tenant_id, number, kind, at, entry)
      select tenant, last - count + e.ord, e.kind, at,
             convert_to('{"at":"' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '",' || e.head || (last - count + e.ord) || e.tail, 'UTF8')
        from unnest(kinds, heads, tails) with ordinality as e (kind, head, tail, ord);
    insert into ledger_openings (tenant_id, number, salt, subject_ref)
      select tenant, last - count + e.ord, e.salt, e.ref
        from unnest(salts, refs) with ordinality as e (salt, ref, ord)
       where e.salt is not null;
    first := last - count + 1;
    epoch := counted;
    return next;
  end $$;

-- Writing -------------------------------------------------------------------------------------------------------------

-- What a batch of writes is judged by: a row for each, in the order asked. Like everything here that is run by whoever owns the
-- tables, so that no round trip sets the tenant, it asks every table for the tenant given.
create function consent_context(tenant uuid, at timestamptz, types text[], hashes bytea[], keys bytea[])
  returns table (
    policy_version integer, subject_ref uuid, suppressed boolean, of_age_on date, jurisdiction text, request bytea, answer jsonb)
  language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  declare
    version integer;
  begin
    select max(v.version) into version from policies v
     where v.tenant_id = tenant and (v.effective_at is null or v.effective_at <= at);
    return query
      select version, i.subject_ref, s.hash is not null, p.of_age_on, p.jurisdiction, k.request, k.answer
        from unnest(types, hashes, keys) with ordinality as w (type, hash, key, ord)
        left join lateral (
          select x.subject_ref from subject_identifiers x where x.tenant_id = tenant and x.type = w.type and x.hash = w.hash limit 1) i on true
        left join lateral (
          select x.of_age_on, x.jurisdiction from subjects x where x.tenant_id = tenant and x.ref = i.subject_ref limit 1) p on true
        left join lateral (
          select x.hash from suppressions x where x.tenant_id = tenant and x.type = w.type and x.hash = w.hash limit 1) s on true
        left join lateral (
          select x.request, x.answer from idempotency_keys x where x.tenant_id = tenant and x.key = w.key limit 1) k on true
       order by w.ord;
  end $$;

-- Appends events with their ledger entries, and derives the states. Whoever writes a state holds the tenant's counter, so
-- states follow the numbers. A no always holds from its arrival on; a yes that happened before the latest no does nothing,
-- unless it is happening now: then it comes after, whatever the clocks of two servers make of it.
-- Events of one state are given in rounds, since a statement may touch a row but once.
create function record_consents(
    tenant uuid, at timestamptz, policy integer, heads text[], tails text[], salts bytea[],
    refs uuid[], purposes text[], actions text[], occurred timestamptz[], claimed timestamptz[], expires timestamptz[],
    notices text[], channels text[], actor_kinds text[], actors text[], details jsonb[], rounds integer[])
  returns table (first bigint, epoch integer)
  language plpgsql volatile
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  declare
    appended record;
  begin
    select * into appended
      from append_entries(tenant, at, array_fill('consent.recorded'::text, array[cardinality(refs)]), heads, tails, salts, refs);
    if appended.first is null then
      return;
    end if;
    insert into consent_events (tenant_id, number, subject_ref, purpose, action, at, occurred_at, claimed_at, expires_at, notice_version,
                                channel, policy_version, actor_kind, actor, proof, guardian_ref, language, jurisdiction, context)
      select tenant, appended.first + e.ord - 1, e.ref, e.purpose, e.action, at, e.occurred_at, e.claimed_at, e.expires_at, e.notice_version,
             e.channel, policy, e.actor_kind, e.actor, e.detail ->> 'proof', (e.detail ->> 'guardianRef')::uuid,
             e.detail ->> 'language', e.detail ->> 'jurisdiction', e.detail -> 'context'
        from unnest(refs, purposes, actions, occurred, claimed, expires, notices, channels, actor_kinds, actors, details) with ordinality
          as e (ref, purpose, action, occurred_at, claimed_at, expires_at, notice_version, channel, actor_kind, actor, detail, ord);
    for current_round in 0 .. (select max(r) from unnest(rounds) r) loop
      insert into consent_states as s (tenant_id, subject_ref, purpose, action, since, expires_at, notice_version, number, denied_at)
        select tenant, e.ref, e.purpose, e.action, e.occurred_at, e.expires_at, e.notice_version, appended.first + e.ord - 1,
               case when e.action not in ('grant', 'renew', 'expire') then e.occurred_at end
          from unnest(refs, purposes, actions, occurred, expires, notices, rounds) with ordinality
            as e (ref, purpose, action, occurred_at, expires_at, notice_version, round, ord)
         where e.round = current_round
      on conflict (tenant_id, subject_ref, purpose) do update
        set number = excluded.number, action = excluded.action, since = excluded.since, expires_at = excluded.expires_at,
            notice_version = excluded.notice_version, denied_at = greatest(s.denied_at, excluded.denied_at)
      where s.number < excluded.number
        and (excluded.denied_at is not null or s.denied_at is null or excluded.since >= s.denied_at or excluded.since = at);
    end loop;
    first := appended.first;
    epoch := appended.epoch;
    return next;
  end $$;

-- The whole of a batch of writes in one statement, which is its own transaction: registers those whom nobody knew, rings, appends,
-- and keeps the answers of those that may be sent again (`repeats` are positions of events, from 1). Whoever was registered by
-- somebody else meanwhile, or written under the same key, is refused as not unique: tried again, it finds the other.
create function write_consents(
    tenant uuid, at timestamptz, policy integer, heads text[], tails text[], salts bytea[],
    refs uuid[], purposes text[], actions text[], occurred timestamptz[], claimed timestamptz[], expires timestamptz[],
    notices text[], channels text[], actor_kinds text[], actors text[], details jsonb[], rounds integer[],
    bells text[], payload jsonb,
    hash_key smallint, types text[], hashes bytea[], replica_hashes bytea[], people uuid[], sealeds bytea[],
    repeats integer[], keys bytea[], requests bytea[], answers jsonb[])
  returns table (first bigint, epoch integer)
  language plpgsql volatile security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  declare
    recorded record;
  begin
    if cardinality(people) > 0 then
      if people is distinct from array(select r.subject_ref from register_subjects(tenant, at, hash_key, types, hashes, replica_hashes, people, sealeds) r) then
        raise exception 'somebody else registered one of these people' using errcode = 'unique_violation';
      end if;
    end if;
    insert into outbox (kind, payload) select unnest(bells), payload;
    select * into recorded
      from record_consents(tenant, at, policy, heads, tails, salts, refs, purposes, actions, occurred, claimed, expires, notices, channels, actor_kinds, actors, details, rounds);
    if recorded.first is null then
      raise exception 'the log of the tenant takes no more' using errcode = 'no_data_found';
    end if;
    if cardinality(repeats) > 0 then
      insert into idempotency_keys (tenant_id, key, request, answer, created_at)
        select tenant, r.key, r.request, r.answer || jsonb_build_object('revision', recorded.epoch || '.' || (recorded.first + r.place - 1)), at
          from unnest(repeats, keys, requests, answers) as r (place, key, request, answer);
      -- Whoever adds keys takes old ones out, twice as many. The counter is held, so nobody else does at the same time.
      delete from idempotency_keys k
       where k.tenant_id = tenant and k.key = any (array(
         select x.key from idempotency_keys x where x.tenant_id = tenant and x.created_at < at - interval '7 days'
          order by x.created_at limit 2 * cardinality(repeats)));
    end if;
    first := recorded.first;
    epoch := recorded.epoch;
    return next;
  end $$;

revoke all on function consent_context(uuid, timestamptz, text[], bytea[], bytea[]) from public;
grant execute on function consent_context(uuid, timestamptz, text[], bytea[], bytea[]) to lethe_app;
revoke all on function write_consents(
  uuid, timestamptz, integer, text[], text[], bytea[], uuid[], text[], text[], timestamptz[], timestamptz[], timestamptz[], text[], text[],
  text[], text[], jsonb[], integer[], text[], jsonb, smallint, text[], bytea[], bytea[], uuid[], bytea[], integer[], bytea[], bytea[], jsonb[])
  from public;
grant execute on function write_consents(
  uuid, timestamptz, integer, text[], text[], bytea[], uuid[], text[], text[], timestamptz[], timestamptz[], timestamptz[], text[], text[],
  text[], text[], jsonb[], integer[], text[], jsonb, smallint, text[], bytea[], bytea[], uuid[], bytea[], integer[], bytea[], bytea[], jsonb[])
  to lethe_app;

-- Deciding ------------------------------------------------------------------------------------------------------------

drop function decision_state(uuid, text, bytea, text, timestamptz);

-- The decision service's one read: everything that decide() needs of each person asked for, in the order asked, in one round
-- trip and one snapshot. Security definer, so that no round trip sets the tenant; every table is asked for the tenant given.
create function decision_states(tenant uuid, at timestamptz, types text[], hashes bytea[])
  returns table (revision bigint, epoch integer, policy_version integer, subject_ref uuid, suppressed boolean, consents text)
  language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  declare
    version integer;
  begin
    select max(v.version) into version from policies v
     where v.tenant_id = tenant and (v.effective_at is null or v.effective_at <= at);
    return query
      select c.revision, c.epoch, version, i.subject_ref, s.hash is not null, t.consents
        from ledger_counters c
       cross join unnest(types, hashes) with ordinality as w (type, hash, ord)
        left join lateral (
          select x.subject_ref from subject_identifiers x where x.tenant_id = tenant and x.type = w.type and x.hash = w.hash limit 1) i on true
        left join lateral (
          select x.hash from suppressions x where x.tenant_id = tenant and x.type = w.type and x.hash = w.hash limit 1) s on true
        left join lateral (
          -- A line for each purpose, as the class ConsentLines reads it; times in milliseconds.
          select string_agg(concat(E'\n', x.purpose, E'\t', x.action, E'\t', floor(extract(epoch from x.since) * 1000), E'\t',
                   floor(extract(epoch from x.expires_at) * 1000), E'\t', x.number, E'\t', to_json(x.notice_version)), '') as consents
            from consent_states x where x.tenant_id = tenant and x.subject_ref = i.subject_ref) t on true
       where c.tenant_id = tenant
       order by w.ord;
  end $$;
revoke all on function decision_states(uuid, timestamptz, text[], bytea[]) from public;
grant execute on function decision_states(uuid, timestamptz, text[], bytea[]) to lethe_app;

-- What changed of tenants since the revisions given: the heads of their logs, and whom the entries since then are about;
-- null for the people when there are more entries than `most`. Everything that a decision depends on is such an entry.
create function decision_changes(tenants uuid[], since bigint[], at timestamptz, most integer)
  returns table (tenant_id uuid, revision bigint, epoch integer, policy_version integer, subject_refs uuid[])
  language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  begin
    return query
      select c.tenant_id, c.revision, c.epoch,
             (select max(v.version) from policies v
               where v.tenant_id = c.tenant_id and (v.effective_at is null or v.effective_at <= at)),
             case when c.revision = w.since then '{}'
                  when c.revision - w.since between 1 and most then array(
                    select distinct o.subject_ref from ledger_openings o where o.tenant_id = c.tenant_id and o.number > w.since)
             end
        from unnest(tenants, since) as w (tenant, since)
        join ledger_counters c on c.tenant_id = w.tenant;
  end $$;
revoke all on function decision_changes(uuid[], bigint[], timestamptz, integer) from public;
grant execute on function decision_changes(uuid[], bigint[], timestamptz, integer) to lethe_app;

-- What replicas of the decision state take in. A person travels once for each of their identifiers, by its keyed hash; who was
-- erased has none left, and travels by their suppressions. Each answer is one snapshot.

-- The people after a place in the order of (type, hash), at most so many: the known, or the suppressed.
create function replica_page(tenant uuid, from_suppressions boolean, after_type text, after_hash bytea, most integer)
  returns table (
    type text, hash bytea, replica_hash bytea, known boolean, suppressed boolean,
    purposes text[], actions text[], expires_at timestamptz[], notice_versions text[])
  language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  begin
    if from_suppressions then
      return query
        select s.type, s.hash, s.replica_hash, false, true, null::text[], null::text[], null::timestamptz[], null::text[]
          from suppressions s
         where s.tenant_id = tenant and (s.type, s.hash) > (after_type, after_hash)
         order by s.type, s.hash limit most;
    else
      return query
        select i.type, i.hash, i.replica_hash, true,
               exists (select 1 from suppressions s where s.tenant_id = tenant and s.type = i.type and s.hash = i.hash),
               t.purposes, t.actions, t.expires_at, t.notice_versions
          from (select x.type, x.hash, x.replica_hash, x.subject_ref from subject_identifiers x
                 where x.tenant_id = tenant and (x.type, x.hash) > (after_type, after_hash)
                 order by x.type, x.hash limit most) i
          left join lateral (
            select array_agg(x.purpose) as purposes, array_agg(x.action) as actions, array_agg(x.expires_at) as expires_at,
                   array_agg(x.notice_version) as notice_versions
              from consent_states x where x.tenant_id = tenant and x.subject_ref = i.subject_ref) t on true
         order by i.type, i.hash;
    end if;
  end $$;

-- What became of the people whom the entries since a revision are about. One row at least, for the head of the log; people are
-- left out when there are more entries than `most`.
create function replica_changes(tenant uuid, since bigint, at timestamptz, most integer)
  returns table (
    revision bigint, epoch integer, policy_version integer, replica_hash bytea, known boolean, suppressed boolean,
    purposes text[], actions text[], expires_at timestamptz[], notice_versions text[])
  language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
  as $$
  begin
    return query
      with heads as (
        select c.revision, c.epoch,
               (select max(v.version) from policies v where v.tenant_id = tenant and (v.effective_at is null or v.effective_at <= at)) as version
          from ledger_counters c where c.tenant_id = tenant),
      refs as (
        select distinct o.subject_ref as ref from heads h, ledger_openings o
         where o.tenant_id = tenant and o.number > since and h.revision - since between 1 and most),
      people as (
        select i.replica_hash, i.subject_ref, true as known,
               exists (select 1 from suppressions s where s.tenant_id = tenant and s.type = i.type and s.hash = i.hash) as suppressed
          from refs r cross join lateral (
            select x.type, x.hash, x.replica_hash, x.subject_ref from subject_identifiers x
             where x.tenant_id = tenant and x.subject_ref = r.ref) i
         where i.replica_hash is not null
        union all
        select s.replica_hash, s.subject_ref, false, true
          from refs r cross join lateral (
            select x.type, x.hash, x.replica_hash, x.subject_ref from suppressions x
             where x.tenant_id = tenant and x.subject_ref = r.ref) s
         where s.replica_hash is not null and not exists (
           select 1 from subject_identifiers i where i.tenant_id = tenant and i.type = s.type and i.hash = s.hash))
      select h.revision, h.epoch, h.version, p.replica_hash, p.known, p.suppressed, t.purposes, t.actions, t.expires_at, t.notice_versions
        from heads h
        left join people p on true
        left join lateral (
          select array_agg(x.purpose) as purposes, array_agg(x.action) as actions, array_agg(x.expires_at) as expires_at,
                 array_agg(x.notice_version) as notice_versions
            from consent_states x where x.tenant_id = tenant and x.subject_ref = p.subject_ref) t on true;
  end $$;
revoke all on function replica_page(uuid, boolean, text, bytea, integer), replica_changes(uuid, bigint, timestamptz, integer) from public;
grant execute on function replica_page(uuid, boolean, text, bytea, integer), replica_changes(uuid, bigint, timestamptz, integer) to lethe_app;

-- Offboarding ---------------------------------------------------------------------------------------------------------

create or replace function tenant_tables() returns text[]
  language sql immutable
  as $$ select array[
    'causes', 'obligations', 'receipts', 'sweeps', 'requests', 'rescans', 'stores', 'disclosures', 'idempotency_keys', 'guardianships',
    'consent_events', 'consent_states', 'suppressions', 'subject_identifiers', 'ledger_openings', 'subjects', 'policy_plans', 'policies',
    'issuers', 'break_glass', 'api_keys'] $$;
