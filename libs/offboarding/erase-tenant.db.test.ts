import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, tenantId, type TenantId } from '#kernel';
import { EndLog, IntegrateEntries, verifyFile } from '#ledger';
import type { Transactions } from '#platform/database';
import { createTestDatabase, fillTables, withClient, type TestDatabase } from '#testing';
import { EraseTenant } from './erase-tenant.js';
import { OffboardingRepository } from './offboarding.repository.js';
import { Crash, CrashingTransactions } from './testing/crashing-transactions.js';
import { administrator, openOffboarding, type OpenOffboarding } from './testing/open-offboarding.js';

let database: TestDatabase;
let folder: string;
let app: OpenOffboarding;
let workers: readonly OpenOffboarding[];
let tables: readonly string[];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-offboarding-'));
  app = await openOffboarding(database.appUrl, folder);
  workers = await Promise.all([1, 2].map(() => openOffboarding(database.systemUrl, folder)));
  tables = (
    await owner<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
    )
  ).map(({ name }) => name);
});
afterAll(async () => {
  await Promise.all([app, ...workers].map((one) => one.close()));
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = async <Row extends object>(text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (client) => (await client.query<Row>(text, values)).rows);
const never = new AbortController().signal;
const kept = ['ledger_counters', 'ledger_entries', 'ledger_trees'];

/** A tenant with a row in every table and a log, and with so many withdrawals. */
async function newTenant(withdrawals = 0): Promise<TenantId> {
  const tenant = tenantId(randomUUID());
  const slug = `t-${tenant}`;
  await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
    tenant,
    slug,
  ]);
  await app.startLog(tenant);
  await withClient(database.ownerUrl, (client) =>
    fillTables(
      client,
      tables.filter((table) => !kept.includes(table)),
      tenant,
    ),
  );
  await owner(
    `insert into consent_states (tenant_id, subject_ref, purpose, action, since, number)
     select $1, gen_random_uuid(), 'ads', 'withdraw', now(), n from generate_series(1, $2) n`,
    [tenant, withdrawals],
  );
  return tenant;
}

/** Up to the point of no return. Answers the digest of the export. */
async function doom(tenant: TenantId): Promise<void> {
  // Of these rows nothing can be opened, so the export is recorded as if it had been taken.
  const caller = administrator(tenant);
  await app.begin.execute(caller, { confirm: `t-${tenant}`, abandonOpenWork: true, at: new Date() });
  const [row] = await owner<{ revision: string }>(
    `update tenants set export_digest = 'd', export_revision = c.revision - 1
       from ledger_counters c where c.tenant_id = id and id = $1 returning c.revision`,
    [tenant],
  );
  expect(Number(row?.revision)).toBe(2);
  await app.beginErasure.execute(caller, 'd');
}

const left = async (tenant: TenantId) => {
  const found: string[] = [];
  for (const table of tables)
    if ((await owner(`select 1 from ${table} where tenant_id = $1 limit 1`, [tenant])).length > 0)
      found.push(table);
  return found.sort();
};
const stateOf = async (tenant: TenantId) =>
  (
    await owner<{ state: string; erased_rows: string }>(
      'select state, erased_rows from tenants where id = $1',
      [tenant],
    )
  )[0];
const logOf = async (tenant: TenantId) =>
  (
    await owner<{ entry: Buffer }>('select entry from ledger_entries where tenant_id = $1 order by number', [
      tenant,
    ])
  ).map(({ entry }) => entry.toString('utf8'));

/** Nothing is left but a log that is complete, signed to its end, and can never be signed again. */
async function expectGone(tenant: TenantId, rows: number): Promise<void> {
  expect(await stateOf(tenant)).toEqual({ state: 'offboarded', erased_rows: String(rows) });
  expect(await left(tenant)).toEqual(kept);
  const log = await logOf(tenant);
  expect(log.map((entry) => (JSON.parse(entry) as { kind: string }).kind)).toEqual([
    'tenant.created',
    'tenant.offboarding',
    'tenant.offboarded',
  ]);
  expect(JSON.parse(log[2] ?? '')).toMatchObject({ data: { rows } });
  const checkpoint = await readFile(join(folder, tenant, 'checkpoint'), 'utf8');
  const [tree] = await owner<{ verifier_key: string; sealed_key: Buffer }>(
    'select verifier_key, sealed_key from ledger_trees where tenant_id = $1',
    [tenant],
  );
  expect(tree?.sealed_key).toHaveLength(0);
  const manifest = { format: 'lethe-export/v1', verifierKey: tree?.verifier_key, size: 3, checkpoint };
  const file = [JSON.stringify(manifest), ...log, JSON.stringify({ end: true, count: 3 })].join('\n');
  expect(await verifyFile(file, tree?.verifier_key)).toMatchObject({ ok: true });
}

/** One row in each table that is erased. */
const filled = () => tables.length - kept.length;

function worker(transactions: Pick<Transactions, 'run'>): EraseTenant {
  const { app: context } = workers[0]!;
  return new EraseTenant(
    transactions as Transactions,
    context.get(OffboardingRepository, { strict: false }),
    context.get(EndLog, { strict: false }),
    context.get(IntegrateEntries, { strict: false }),
    systemClock,
  );
}

describe('erasing a tenant', () => {
  it('removes every row of it, however many, and of no other tenant', async () => {
    const [tenant, other] = [await newTenant(12_345), await newTenant(100)];
    const theirs = async () => {
      const rows = [];
      for (const table of tables)
        rows.push(await owner(`select * from ${table} where tenant_id = $1 order by 1, 2, 3`, [other]));
      return rows;
    };
    const before = await theirs();
    await doom(tenant);
    await workers[0]!.eraseTenant.execute(tenant, never);
    await expectGone(tenant, filled() + 12_345);
    expect(await theirs()).toEqual(before);
    expect(await left(other)).toEqual([...tables].sort());
  });

  it('does nothing to a tenant that is not to be erased, whatever its state', async () => {
    const tenant = await newTenant();
    for (const state of ['active', 'offboarding']) {
      await owner('update tenants set state = $2 where id = $1', [tenant, state]);
      await workers[0]!.eraseTenant.execute(tenant, never);
      expect(await left(tenant)).toEqual([...tables].sort());
      expect(await stateOf(tenant)).toEqual({ state, erased_rows: '0' });
      expect(await logOf(tenant)).toHaveLength(1);
      await expect(
        withClient(database.systemUrl, (client) => client.query('select erase_tenant($1, 5000)', [tenant])),
      ).rejects.toThrow(/not being erased/);
    }
  });

  it.each(['before', 'before the commit', 'after'] as const)(
    'is finished by another worker when one dies %s any of its steps',
    async (moment) => {
      let steps = 0;
      for (let crashAt = 0; ; crashAt++) {
        const tenant = await newTenant(7_000);
        await doom(tenant);
        const dying = worker(new CrashingTransactions(workers[0]!.transactions, crashAt, moment));
        const died = await dying.execute(tenant, never).then(
          () => false,
          (error: unknown) => error instanceof Crash,
        );
        await workers[1]!.eraseTenant.execute(tenant, never);
        await expectGone(tenant, filled() + 7_000);
        if (!died) break;
        steps += 1;
      }
      // Two batches, one that finds nothing, the last entry, the end.
      expect(steps).toBe(5);
    },
    120_000,
  );

  it('by several workers at once ends once', async () => {
    for (let round = 0; round < 5; round++) {
      const tenant = await newTenant(9_000);
      await doom(tenant);
      const run = () =>
        Promise.all(
          workers.flatMap(({ eraseTenant }) => [1, 2].map(() => eraseTenant.execute(tenant, never))),
        );
      await run();
      // Those that found another at it left the rest to it.
      await run();
      await expectGone(tenant, filled() + 9_000);
    }
  }, 120_000);

  it('stops between two batches when the worker is asked to', async () => {
    const tenant = await newTenant(6_000);
    await doom(tenant);
    const stop = new AbortController();
    stop.abort();
    await workers[0]!.eraseTenant.execute(tenant, stop.signal);
    expect(await left(tenant)).toEqual([...tables].sort());
    expect(await logOf(tenant)).toHaveLength(2);
    await workers[0]!.eraseTenant.execute(tenant, never);
    await expectGone(tenant, filled() + 6_000);
  });
});

describe('work under way when the erasure begins', () => {
  let holder: Client;
  let tenant: TenantId;
  beforeEach(async () => {
    tenant = await newTenant();
    holder = new Client({ connectionString: database.ownerUrl });
    await holder.connect();
    return () => holder.end();
  });
  const waits = () =>
    expect
      .poll(
        async () =>
          (
            await owner("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1", [
              database.name,
            ])
          ).length,
      )
      .toBeGreaterThan(0);

  it('does not save the row that it changed, and be it the only one', async () => {
    for (const table of tables)
      if (!kept.includes(table) && table !== 'api_keys')
        await owner(`delete from ${table} where tenant_id = $1`, [tenant]);
    await holder.query('begin');
    await holder.query('update api_keys set last_used_at = now() where tenant_id = $1', [tenant]);
    await doom(tenant);
    const erasing = workers[0]!.eraseTenant.execute(tenant, never);
    await waits();
    await holder.query('commit');
    await erasing;
    await expectGone(tenant, 1);
  });

  it('does not stop it with a row that it added under one that goes', async () => {
    await owner('delete from rescans where tenant_id = $1', [tenant]);
    await holder.query('begin');
    await holder.query(
      `insert into rescans (tenant_id, id, store_id, state, requested_at)
       select tenant_id, gen_random_uuid(), id, 'requested', now() from stores where tenant_id = $1`,
      [tenant],
    );
    await doom(tenant);
    const erasing = workers[0]!.eraseTenant.execute(tenant, never);
    await waits();
    await holder.query('commit');
    await erasing;
    await expectGone(tenant, filled());
  });

  it('leaves nothing behind when it writes afterwards: it is refused whole', async () => {
    const late = app.transactions.run(tenant, async (tx) => {
      await tx.query(
        'insert into subjects (tenant_id, ref, registered_at) values ($1, gen_random_uuid(), now())',
        [tenant],
      );
      await doom(tenant);
      await app.append.execute(tx, tenant, [{ kind: 'subject.registered', data: {} }]);
    });
    await expect(late).rejects.toMatchObject({ kind: 'conflict', code: 'ledger.closed' });
    await workers[0]!.eraseTenant.execute(tenant, never);
    await expectGone(tenant, filled());
  });
});

describe('the point of no return', () => {
  it('is not passed with a change that was under way, and the tenant goes on', async () => {
    const tenant = await newTenant();
    const caller = administrator(tenant);
    await app.begin.execute(caller, { confirm: `t-${tenant}`, abandonOpenWork: true, at: new Date() });
    await owner("update tenants set export_digest = 'd', export_revision = 1 where id = $1", [tenant]);
    const { promise: appended, resolve: tell } = Promise.withResolvers<undefined>();
    const { promise: committing, resolve: commit } = Promise.withResolvers<undefined>();
    const writing = app.transactions.run(tenant, async (tx) => {
      await app.append.execute(tx, tenant, [{ kind: 'subject.registered', data: {} }]);
      tell(undefined);
      await committing;
    });
    await appended;
    const erasing = app.beginErasure.execute(caller, 'd');
    const refused = expect(erasing).rejects.toMatchObject({ code: 'tenant.changed_since_export' });
    await expect
      .poll(
        async () =>
          (
            await owner("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1", [
              database.name,
            ])
          ).length,
      )
      .toBe(1);
    commit(undefined);
    await Promise.all([writing, refused]);
    expect(await stateOf(tenant)).toMatchObject({ state: 'offboarding' });
    // Nothing was closed.
    await app.cancel.execute(caller);
    expect(await logOf(tenant)).toHaveLength(4);
    expect(await left(tenant)).toEqual([...tables].sort());
  });
});
