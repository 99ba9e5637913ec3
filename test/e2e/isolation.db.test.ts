import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, fillTables, withClient, type TestDatabase } from '#testing';

const [ours, theirs] = [randomUUID(), randomUUID()];

/** Tables that no tenant's rows are in; row-level security is on all the same. */
const withoutTenant = ['tenants', 'outbox', 'lanes', 'batches'];
/** Written by migrations, with the owner's connection; neither login has a right on it. */
const ofTheOwner = ['schema_migrations'];
const ledger = ['ledger_counters', 'ledger_entries', 'ledger_openings', 'ledger_trees'];

describe('row-level security', () => {
  let database: TestDatabase;
  let owner: Client;
  let app: Client;
  let system: Client;
  /** Tables with a tenant's rows, partitions left out: nobody reaches those but through their parent. */
  let tenantTables: readonly string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    [owner, app, system] = [database.ownerUrl, database.appUrl, database.systemUrl].map(
      (url) => new Client({ connectionString: url }),
    ) as [Client, Client, Client];
    await Promise.all([owner, app, system].map((client) => client.connect()));
    const { rows } = await owner.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    );
    tenantTables = rows.map(({ name }) => name);
    await owner.query(
      'insert into tenants (id, slug, name, created_at) values ($1, $3, $3, now()), ($2, $4, $4, now())',
      [ours, theirs, 'ours', 'theirs'],
    );
    await fillTables(owner, tenantTables, ours);
    await fillTables(owner, tenantTables, theirs);
  });
  afterAll(async () => {
    await Promise.all([owner, app, system].map((client) => client.end()));
    await database.drop();
  });

  /** Runs as the application does, with a tenant for one transaction; undone afterwards. */
  async function asTenant<T>(tenant: string | null, work: () => Promise<T>): Promise<T> {
    await app.query('begin');
    try {
      if (tenant !== null) await app.query("select set_config('app.tenant', $1, true)", [tenant]);
      return await work();
    } finally {
      await app.query('rollback');
    }
  }

  const tenantsIn = async (client: Client, table: string) =>
    (
      await client.query<{ tenant: string }>(`select tenant_id::text as tenant from ${table} order by 1`)
    ).rows.map(({ tenant }) => tenant);

  it('has something to hide in every table of a tenant', async () => {
    expect(tenantTables.length).toBeGreaterThan(15);
    for (const table of tenantTables)
      expect(await tenantsIn(owner, table), table).toEqual([ours, theirs].sort());
  });

  it('shows the application the rows of its tenant and no other, in every table', async () => {
    for (const table of tenantTables)
      expect(await asTenant(ours, () => tenantsIn(app, table)), table).toEqual([ours]);
    const seen = await asTenant(ours, () => app.query('select id from tenants'));
    expect(seen.rows).toEqual([{ id: ours }]);
  });

  it('shows nothing, and fails nothing, when no tenant was set', async () => {
    for (const table of [...tenantTables, 'tenants'])
      for (const reset of [null, ''])
        expect((await asTenant(reset, () => app.query(`select 1 from ${table}`))).rowCount, table).toBe(0);
  });

  it('forgets the tenant with the transaction', async () => {
    await asTenant(ours, () => app.query('select 1'));
    for (const table of tenantTables) expect(await tenantsIn(app, table), table).toEqual([]);
  });

  it("refuses a row of another tenant's, in every table that the application may write", async () => {
    let tried = 0;
    for (const table of tenantTables) {
      if (!(await may(app, table, 'INSERT'))) continue;
      tried += 1;
      const columns = (
        await owner.query<{ name: string }>(
          `select column_name as name from information_schema.columns where table_schema = 'public' and table_name = $1 order by ordinal_position`,
          [table],
        )
      ).rows.map(({ name }) => name);
      const { rows } = await owner.query(`select * from ${table} where tenant_id = $1`, [theirs]);
      const row = rows[0] as Record<string, unknown>;
      const values = columns.map((name) =>
        typeof row[name] === 'object' &&
        row[name] !== null &&
        !Buffer.isBuffer(row[name]) &&
        !(row[name] instanceof Date) &&
        !Array.isArray(row[name])
          ? JSON.stringify(row[name])
          : row[name],
      );
      const places = columns.map((_, index) => `$${index + 1}`).join(', ');
      const insert = `insert into ${table} (${columns.join(', ')}) values (${places})`;
      await expect(
        asTenant(ours, () => app.query(insert, values)),
        table,
      ).rejects.toThrow(/row-level security/);
    }
    expect(tried).toBeGreaterThan(8);
  });

  it("changes and removes nothing of another tenant's", async () => {
    let tried = 0;
    for (const table of tenantTables) {
      if (await may(app, table, 'UPDATE')) {
        tried += 1;
        const update = (where: string) => `update ${table} set tenant_id = tenant_id ${where}`;
        expect((await asTenant(ours, () => app.query(update('')))).rowCount, table).toBe(1);
        expect(
          (await asTenant(ours, () => app.query(update(`where tenant_id = '${theirs}'`)))).rowCount,
          table,
        ).toBe(0);
        // Giving a row away is refused as well.
        const give = `update ${table} set tenant_id = '${theirs}'`;
        await expect(
          asTenant(ours, () => app.query(give)),
          table,
        ).rejects.toThrow(/row-level security/);
      }
      if (await may(app, table, 'DELETE')) {
        tried += 1;
        expect((await asTenant(ours, () => app.query(`delete from ${table}`))).rowCount, table).toBe(1);
      }
    }
    expect(tried).toBeGreaterThan(4);
  });

  it('lets the system login see every tenant, which relay, integrator and lanes need', async () => {
    for (const table of tenantTables) {
      if (await may(system, table, 'SELECT'))
        expect(await tenantsIn(system, table), table).toEqual([ours, theirs].sort());
    }
    // Keys are none of its business.
    expect(await may(system, 'api_keys', 'SELECT')).toBe(false);
  });

  it('shows the application nothing that belongs to no tenant', async () => {
    await owner.query(`insert into outbox (kind, payload) values ('secret', '{}')`);
    for (const table of ['outbox', 'lanes', 'batches', ...ofTheOwner])
      await expect(
        asTenant(ours, () => app.query(`select * from ${table}`)),
        table,
      ).rejects.toThrow(/permission denied/);
  });
});

/** Whether the login behind a connection holds a privilege on a table, or on any column of it. */
async function may(client: Client, table: string, privilege: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>('select has_table_privilege($1, $2) as may', [
    table,
    privilege,
  ]);
  return rows[0]?.may === true;
}

describe('the schema', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const ask = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    withClient(database.ownerUrl, async (client) => (await client.query<Row>(sql, [...values])).rows);
  const logins = () =>
    [database.appUrl, database.systemUrl, database.queueUrl].map((url) => new URL(url).username);

  it('has row-level security on every table, and a policy on every table of a tenant', async () => {
    const tables = await ask<{ name: string; secured: boolean; tenant: boolean; policies: number }>(
      `select c.relname as name, c.relrowsecurity as secured,
              exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as tenant,
              (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
         from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
    );
    const own = tables.filter(({ name }) => !ofTheOwner.includes(name));
    expect(own.filter(({ secured }) => !secured).map(({ name }) => name)).toEqual([]);
    expect(own.filter(({ policies }) => policies === 0).map(({ name }) => name)).toEqual([]);
    expect(
      own
        .filter(({ tenant }) => !tenant)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...withoutTenant].sort());
  });

  it('lets nobody past the rules by naming a partition, or another relation', async () => {
    const open = await ask(
      `select c.relname as name, r.rolname as role from pg_class c cross join pg_roles r
        where c.relnamespace = 'public'::regnamespace and r.rolname = any($1)
          and (c.relispartition or c.relkind in ('v', 'm', 'f') or c.relname = any($2))
          and c.relkind not in ('i', 'I')
          and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate, references, trigger')`,
      [[...logins(), 'lethe_app', 'lethe_system', 'lethe_queue'], ofTheOwner],
    );
    expect(open).toEqual([]);
  });

  it('is owned by neither login, and none of them may step around row-level security', async () => {
    const roles = [...logins(), 'lethe_app', 'lethe_system', 'lethe_queue'];
    expect(
      await ask(
        `select rolname from pg_roles where rolname = any($1)
            and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
        [roles],
      ),
    ).toEqual([]);
    expect(
      await ask(
        `select relname from pg_class where relnamespace = 'public'::regnamespace and pg_get_userbyid(relowner) = any($1)`,
        [roles],
      ),
    ).toEqual([]);
    expect(
      await ask(
        `select rolname from pg_roles where rolname = any($1) and has_schema_privilege(oid, 'public', 'create')`,
        [roles],
      ),
    ).toEqual([]);
    // Nor may one become another, or the owner.
    expect(
      await ask(
        `select m.rolname as member, r.rolname as role from pg_roles m cross join pg_roles r
          where m.rolname = any($1) and m.rolname <> r.rolname and pg_has_role(m.oid, r.oid, 'member')
            and not m.rolname like r.rolname || '\\_\\_%'`,
        [roles],
      ),
    ).toEqual([]);
  });

  it('grants nobody to change or remove an entry of the ledger', async () => {
    const granted = await ask<{ table: string; role: string; privilege: string }>(
      `select t as table, r as role, p as privilege from unnest($1::text[]) t, unnest($2::text[]) r,
              unnest(array['update', 'delete', 'truncate']) p
        where has_table_privilege(r, t, p) or (p = 'update' and has_any_column_privilege(r, t, p))`,
      [ledger, logins()],
    );
    const own = granted.map(
      ({ table, role, privilege }) => `${role.split('__')[0] ?? ''}: ${privilege} ${table}`,
    );
    // The counter counts up, and the tree's state row follows its tiles; entries and openings are append-only.
    expect(own.sort()).toEqual([
      'lethe_app: update ledger_counters',
      'lethe_system: update ledger_counters',
      'lethe_system: update ledger_trees',
    ]);
  });

  it('runs every function of the owner with a fixed search path, for those alone who need it', async () => {
    const definers = await ask<{
      name: string;
      config: string[] | null;
      public: boolean;
      app: boolean;
      system: boolean;
    }>(
      `select p.proname as name, p.proconfig as config, has_function_privilege('public', p.oid, 'execute') as public,
              has_function_privilege('lethe_app', p.oid, 'execute') as app,
              has_function_privilege('lethe_system', p.oid, 'execute') as system
         from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`,
    );
    for (const { config, public: anyone } of definers) {
      expect(config?.filter((setting) => !/^(enable_|plan_cache_mode)/.test(setting))).toEqual([
        'search_path=public, pg_temp',
      ]);
      expect(anyone).toBe(false);
    }
    const runBy = definers.map(({ name, app, system }) => [name, app, system]);
    expect(runBy).toEqual([
      ['consent_context', true, false],
      ['decision_changes', true, false],
      ['decision_states', true, false],
      ['erase_tenant', false, true],
      ['find_api_key', true, false],
      ['find_tenant', true, false],
      ['lane_for', true, false],
      ['obligations_in_flight', true, false],
      ['replica_changes', true, false],
      ['replica_page', true, false],
      ['touch_api_keys', true, false],
      ['write_consents', true, false],
    ]);
  });
});
