import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantId, type TenantId } from '#kernel';
import { createTestDatabase, fillTables, withClient, type TestDatabase } from '#testing';
import { exportedTables, notExported } from './domain/exported-tables.js';
import { administrator, openOffboarding, type OpenOffboarding } from './testing/open-offboarding.js';

let database: TestDatabase;
let folder: string;
let app: OpenOffboarding;
let tables: readonly string[];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-offboarding-'));
  app = await openOffboarding(database.appUrl, folder);
  tables = (
    await owner<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    )
  ).map(({ name }) => name);
});
afterAll(async () => {
  await app.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = async <Row extends object>(text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (client) => (await client.query<Row>(text, values)).rows);

const people = ['ann@example.org', 'zoë "quoted" \\ back', "o'brien"];
const awkward = 'line\u2028separator, 1e400, \u0001, ü, {"n":1}';

/** A tenant with a row in every table, people whose identifiers open, and a log. */
async function newTenant(): Promise<TenantId> {
  const tenant = tenantId(randomUUID());
  const slug = `t-${tenant}`;
  await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
    tenant,
    slug,
  ]);
  await app.startLog(tenant);
  const real = ['ledger_counters', 'ledger_entries', 'ledger_trees', 'subject_identifiers'];
  await withClient(database.ownerUrl, (client) =>
    fillTables(
      client,
      tables.filter((table) => !real.includes(table)),
      tenant,
    ),
  );
  await app.transactions.run(tenant, async (tx) => {
    await app.resolve.execute(
      tx,
      tenant,
      people.map((value) => ({ type: 'account', value })),
    );
    await app.append.execute(tx, tenant, [{ kind: 'policy.applied', data: { text: awkward, '"': '}' } }]);
  });
  // More than a double can hold.
  await owner('update rescans set keys = 9007199254740993 where tenant_id = $1', [tenant]);
  return tenant;
}

const leave = async (tenant: TenantId) => {
  const caller = administrator(tenant);
  await app.begin.execute(caller, { confirm: `t-${tenant}`, abandonOpenWork: true, at: new Date() });
  return caller;
};

async function linesOf(source: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of source) lines.push(line);
  return lines;
}
const rowsIn = (lines: readonly string[], table: string) =>
  lines
    .filter((line) => line.startsWith(`{"table":"${table}"`))
    .map((line) => (JSON.parse(line) as { row: Record<string, unknown> }).row);
const digestOf = (lines: readonly string[]) =>
  createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''), 'utf8')
    .digest('hex');
const recorded = async (tenant: TenantId) =>
  (
    await owner<{ export_digest: string | null; export_revision: string | null }>(
      'select export_digest, export_revision from tenants where id = $1',
      [tenant],
    )
  )[0];
const entriesOf = async (tenant: TenantId) =>
  (
    await owner<{ entry: Buffer }>('select entry from ledger_entries where tenant_id = $1 order by number', [
      tenant,
    ])
  ).map(({ entry }) => entry.toString('utf8'));
const openTransactions = async () =>
  (
    await owner("select 1 from pg_stat_activity where datname = $1 and state like 'idle in transaction%'", [
      database.name,
    ])
  ).length;

describe('the tables of an export', () => {
  it('are all that have rows of a tenant; what is left out has its reason', () => {
    const listed = [...exportedTables.map(({ table }) => table), ...Object.keys(notExported)];
    expect([...listed].sort()).toEqual(tables);
    const reasons = [
      ...exportedTables.flatMap(({ without }) => Object.values(without ?? {})),
      ...Object.values(notExported),
    ];
    for (const reason of reasons) expect(reason.length).toBeGreaterThan(10);
  });

  it('are given whole: every row, and every column but those that are said to stay', async () => {
    const tenant = await newTenant();
    await newTenant();
    const caller = await leave(tenant);
    const expected = new Map<string, unknown[]>();
    for (const { table, without, opens, order } of exportedTables) {
      const left = [...Object.keys(without ?? {}), ...(opens === undefined ? [] : [opens])];
      const rows = await owner<{ row: Record<string, unknown>; all: Record<string, unknown> }>(
        `select to_jsonb(t) as "all", to_jsonb(t) - $2::text[] as row from ${table} t where tenant_id = $1
          order by ${[...order, '1'].join(', ')}`,
        [tenant, left],
      );
      expect(rows.length, table).toBeGreaterThan(0);
      for (const name of left) expect(Object.keys(rows[0]?.all ?? {}), table).toContain(name);
      expected.set(
        table,
        rows.map(({ row }) => row),
      );
    }
    const lines = await linesOf(app.exportTenant.execute(caller));
    for (const { table } of exportedTables) {
      const rows = rowsIn(lines, table).map(({ value: _value, entry: _entry, ...row }) => moments(row));
      expect(rows, table).toEqual(expected.get(table)?.map((row) => moments(row as Record<string, unknown>)));
    }
    const values = rowsIn(lines, 'subject_identifiers').map(({ value }) => value);
    expect([...values].sort()).toEqual([...people].sort());
    expect(lines.find((line) => line.startsWith('{"table":"rescans"'))).toContain('9007199254740993');
    const stored = await entriesOf(tenant);
    const given = lines.filter((line) => line.startsWith('{"table":"ledger_entries"'));
    // To the byte: so that their leaf hashes, and with them the log, can be computed from the export.
    expect(given.map((line) => /"entry": (.*)}}$/s.exec(line)?.[1])).toEqual(stored.slice(0, -1));
    expect(stored.join()).toContain(JSON.stringify(awkward));
    const [first] = lines;
    expect(JSON.parse(first ?? '')).toMatchObject({
      format: 'lethe-tenant-export/v1',
      tenant: { id: tenant, slug: `t-${tenant}`, name: 'Test' },
      revision: '1.3',
      tables: exportedTables.map(({ table }) => table),
      leftOut: expect.arrayContaining([
        { table: 'api_keys', column: 'secret_hash', reason: expect.any(String) },
        { table: 'stores', column: 'sealed_settings', reason: expect.any(String) },
      ]),
    });
  });
});

/** A moment is the same in any time zone's spelling. */
function moments(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value,
    ]),
  );
}

describe('an export', () => {
  it('ends with its count and digest, and they are on record when the last line is given', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    const lines = app.exportTenant.execute(caller);
    const before: string[] = [];
    for (;;) {
      const next = await lines.next();
      const line = next.done === true ? '' : next.value;
      if (line.startsWith('{"end"')) {
        const count = before.length - 1;
        expect(JSON.parse(line)).toEqual({ end: true, count, sha256: digestOf(before) });
        break;
      }
      expect(await recorded(tenant)).toEqual({ export_digest: null, export_revision: null });
      before.push(line);
    }
    expect(await recorded(tenant)).toEqual({ export_digest: digestOf(before), export_revision: '3' });
    expect(JSON.parse((await entriesOf(tenant)).at(-1) ?? '')).toMatchObject({
      kind: 'tenant.exported',
      n: 4,
      data: { digest: digestOf(before), rows: before.length - 1 },
    });
    expect((await lines.next()).done).toBe(true);
  });

  it('names nobody in the ledger', async () => {
    const tenant = await newTenant();
    await linesOf(app.exportTenant.execute(await leave(tenant)));
    for (const value of people) expect((await entriesOf(tenant)).join()).not.toContain(value);
  });

  it('tells one moment, and what comes in meanwhile makes it too old to leave with', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    const lines = app.exportTenant.execute(caller);
    const first = (await lines.next()).value ?? '';
    await app.transactions.run(tenant, async (tx) => {
      await app.resolve.execute(tx, tenant, [{ type: 'account', value: 'late@example.org' }]);
      await app.append.execute(tx, tenant, [{ kind: 'subject.registered', data: {} }]);
    });
    const rest = await linesOf(lines);
    expect(rest.join()).not.toContain('late@example.org');
    expect(rowsIn(rest, 'ledger_entries')).toHaveLength(3);
    const digest = digestOf([first, ...rest.slice(0, -1)]);
    const refused = { kind: 'conflict', code: 'tenant.changed_since_export' };
    await expect(app.beginErasure.execute(caller, digest)).rejects.toMatchObject(refused);
    const again = await linesOf(app.exportTenant.execute(caller));
    expect(again.join()).toContain('late@example.org');
    await expect(app.beginErasure.execute(caller, digest)).rejects.toMatchObject({
      code: 'tenant.not_exported',
    });
    await app.beginErasure.execute(caller, digestOf(again.slice(0, -1)));
  });

  it('of two at once is not enough: neither tells of the other', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    const both = await Promise.all([1, 2].map(() => linesOf(app.exportTenant.execute(caller))));
    for (const lines of both)
      await expect(app.beginErasure.execute(caller, digestOf(lines.slice(0, -1)))).rejects.toMatchObject({
        kind: 'conflict',
      });
  });

  it('has no last line when the tenant stays after all', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    const lines = app.exportTenant.execute(caller);
    await lines.next();
    await app.cancel.execute(caller);
    await expect(linesOf(lines)).rejects.toMatchObject({ code: 'tenant.not_offboarding' });
    expect(await recorded(tenant)).toEqual({ export_digest: null, export_revision: null });
    expect((await entriesOf(tenant)).join()).not.toContain('tenant.exported');
  });

  it('is for a tenant that leaves only', async () => {
    const tenant = await newTenant();
    const refused = { kind: 'conflict', code: 'tenant.not_offboarding' };
    await expect(app.exportTenant.execute(administrator(tenant)).next()).rejects.toMatchObject(refused);
    expect(await openTransactions()).toBe(0);
  });

  it('that is given up holds nothing on to, however often', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    for (let time = 0; time < 10; time++) {
      const lines = app.exportTenant.execute(caller);
      for (let line = 0; line <= time; line++) await lines.next();
      expect(await openTransactions()).toBe(1);
      await lines.return();
      expect(await openTransactions()).toBe(0);
    }
    expect(await recorded(tenant)).toEqual({ export_digest: null, export_revision: null });
    expect(await entriesOf(tenant)).toHaveLength(3);
  });

  it('whose reader is too slow loses its snapshot, and nothing else is lost', async () => {
    const tenant = await newTenant();
    const caller = await leave(tenant);
    const lines = app.exportTenant.execute(caller);
    for (let line = 0; line < 5; line++) await lines.next();
    // As the server does by itself after a minute.
    await owner(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state like 'idle in transaction%'",
      [database.name],
    );
    await expect.poll(openTransactions).toBe(0);
    await expect(linesOf(lines)).rejects.toThrow();
    expect(await recorded(tenant)).toEqual({ export_digest: null, export_revision: null });
    const again = await linesOf(app.exportTenant.execute(caller));
    expect(await recorded(tenant)).toMatchObject({ export_digest: digestOf(again.slice(0, -1)) });
  });

  it('takes no more memory for two hundred thousand rows than for a page of them', async () => {
    const tenant = await newTenant();
    await owner(
      `insert into consent_states (tenant_id, subject_ref, purpose, action, since, number)
       select $1, gen_random_uuid(), 'ads', 'grant', now(), n from generate_series(1, 200000) n`,
      [tenant],
    );
    const caller = await leave(tenant);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    };
    const start = heap();
    let [count, bytes, most] = [0, 0, 0];
    for await (const line of app.exportTenant.execute(caller)) {
      bytes += line.length;
      if (++count % 20_000 === 0) most = Math.max(most, heap() - start);
    }
    expect(count).toBeGreaterThan(200_000);
    expect(bytes).toBeGreaterThan(40_000_000);
    expect(most).toBeLessThan(8_000_000);
  }, 120_000);
});
