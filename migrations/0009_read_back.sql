-- What failed can be retried or closed, and what was erased is read back a second time.

alter table obligations
  -- A failed one: who had it retried. Its successor is made by a worker; until then it is wanted.
  add column retried_at timestamptz,
  add column retried_by text,
  add column retry_wanted boolean not null default false,
  -- A failed one: who gave it up, and why.
  add column closed_at timestamptz,
  add column closed_by text,
  add column close_reason text,
  -- An erased one: when it is read back again. Null once that is done.
  add column read_back_due_at timestamptz,
  add column read_back_tries integer not null default 0,
  -- What the second read-back found, and when.
  add column read_back text,
  add column read_back_at timestamptz,
  drop constraint obligations_key_ck,
  add constraint obligations_key_ck check (
    settled_at is null or sealed_key is null or read_back_due_at is not null
    or (outcome = 'failed' and closed_at is null and (retried_at is null or retry_wanted))),
  add constraint obligations_retried_ck check ((retried_at is null) = (retried_by is null) and (retried_at is not null or not retry_wanted)),
  add constraint obligations_closed_ck check ((closed_at is null) = (closed_by is null) and (closed_at is null) = (close_reason is null)),
  add constraint obligations_dead_letter_ck check (
    (retried_at is null and closed_at is null) or (outcome = 'failed' and (retried_at is null or closed_at is null))),
  add constraint obligations_read_back_ck check (
    read_back_due_at is null or (read_back is null and sealed_key is not null and outcome in ('erased', 'not_found'))),
  add constraint obligations_read_back_ended_ck check (
    (read_back is null) = (read_back_at is null) and read_back in ('confirmed', 'came_back', 'superseded', 'failed'));

-- Of one obligation there is one successor at most, whoever makes it.
create unique index obligations_succeeds_uq on obligations (tenant_id, succeeds) where succeeds is not null;
create index obligations_dead_letter_ix on obligations (tenant_id, id)
  where outcome = 'failed' and retried_at is null and closed_at is null;
create index obligations_retry_ix on obligations (tenant_id, id) where retry_wanted;
create index obligations_read_back_ix on obligations (tenant_id, store_id, read_back_due_at) where read_back_due_at is not null;
create index obligations_unconfirmed_ix on obligations (tenant_id, cause_id) where read_back_due_at is not null;

-- A person decides what becomes of a failed obligation; the work itself stays with the workers.
grant update (retried_at, retried_by, retry_wanted, closed_at, closed_by, close_reason, sealed_key) on obligations to lethe_app;
