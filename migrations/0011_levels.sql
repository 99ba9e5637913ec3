-- What was removed reaches a further level once its store is compacted, and what is retained for a time goes when that is over.

create index obligations_removed_ix on obligations (tenant_id, store_id, dataset) where level = 'removed';

alter table obligations
  -- Until when the policy retains it; of an open one: until when it waits for that.
  add column retained_until timestamptz,
  add constraint obligations_retained_ck check (settled_at is null or retained_until is null or outcome = 'retained'),
  add constraint obligations_retained_waiting_ck check (settled_at is not null or retained_until is null or due_at is null);
create index obligations_retained_ix on obligations (retained_until) where settled_at is null and retained_until is not null;
