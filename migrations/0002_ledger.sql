-- One append-only log per tenant. Neither role may change or remove an entry.

create table ledger_counters (
  tenant_id uuid not null,
  revision bigint not null,
  epoch integer not null,
  constraint ledger_counters_pk primary key (tenant_id),
  constraint ledger_counters_tenant_fk foreign key (tenant_id) references tenants (id)
);

create table ledger_entries (
  tenant_id uuid not null,
  number bigint not null,
  kind text not null,
  at timestamptz not null,
  entry bytea not null,
  constraint ledger_entries_pk primary key (tenant_id, number)
) partition by hash (tenant_id);

-- What links a leaf to a subject; erased with the evidence it belongs to, and then the leaf is unlinkable.
create table ledger_openings (
  tenant_id uuid not null,
  number bigint not null,
  salt bytea not null,
  subject_ref uuid not null,
  constraint ledger_openings_pk primary key (tenant_id, number)
) partition by hash (tenant_id);
create index ledger_openings_subject_ix on ledger_openings (tenant_id, subject_ref);

create table ledger_trees (
  tenant_id uuid not null,
  origin text not null,
  verifier_key text not null,
  sealed_key bytea not null,
  size bigint not null,
  published bigint not null,
  root bytea not null,
  checkpoint text,
  updated_at timestamptz not null,
  constraint ledger_trees_pk primary key (tenant_id),
  constraint ledger_trees_tenant_fk foreign key (tenant_id) references tenants (id)
);

do $$
declare
  tbl text;
begin
  foreach tbl in array array['ledger_entries', 'ledger_openings'] loop
    for part in 0 .. 7 loop
      execute format('create table %I partition of %I for values with (modulus 8, remainder %s)', tbl || '_p' || part, tbl, part);
    end loop;
  end loop;
  foreach tbl in array array['ledger_counters', 'ledger_entries', 'ledger_openings', 'ledger_trees'] loop
    execute format('alter table %I enable row level security', tbl);
    execute format('create policy %I on %I to lethe_app using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', tbl || '_app', tbl);
    execute format('create policy %I on %I to lethe_system using (true) with check (true)', tbl || '_system', tbl);
  end loop;
end $$;

grant select, insert on ledger_entries, ledger_openings to lethe_app, lethe_system;
grant select, insert, update on ledger_counters to lethe_app;
grant select, update on ledger_counters to lethe_system;
grant select, insert on ledger_trees to lethe_app;
grant select, update on ledger_trees to lethe_system;
