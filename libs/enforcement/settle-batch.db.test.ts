import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tenantId, type TenantId } from '#kernel';
import { CreateLog, EndLog, LedgerModule, ledgerRows } from '#ledger';
import { CryptoModule, Sealer } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { Log, TelemetryModule } from '#platform/telemetry';
import { HoldRow, PolicyRow } from '#policy';
import { StoreRow } from '#stores';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { CompactStores } from './compaction/compact-stores.js';
import { EnforcementModule } from './enforcement.module.js';
import { LanesRepository, type Lease } from './lanes.repository.js';
import type { Settlement } from './obligation.js';
import { SettleBatch } from './settle-batch.js';
import { TakeBatch, type Batch } from './take-batch.js';

@Module({})
class Root {}

let database: TestDatabase;
let folder: string;
let worker: INestApplicationContext;
let app: INestApplicationContext;
let transactions: Transactions;
let lease: Lease;
let ours: TenantId;
let leaver: TenantId;

const owner = async <Row extends object>(text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (client) => (await client.query<Row>(text, values)).rows);

async function open(url: string): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [
        DatabaseModule.forRole(url, [PolicyRow, HoldRow, StoreRow, ...ledgerRows], 4),
        RuntimeModule,
        TelemetryModule.logging(Log.to('test', 'silent')),
        OutboxModule,
        CryptoModule.withMasterKey(Buffer.alloc(32, 3)),
        LedgerModule.publishing(folder),
        EnforcementModule,
      ],
    },
    { logger: false, abortOnError: false },
  );
}

/** Where nothing listens. */
function sealed(context: string): Buffer {
  const settings = Buffer.from(JSON.stringify({ url: 'postgres://127.0.0.1:1/nowhere' }), 'utf8');
  return app.get(Sealer, { strict: false }).seal(settings, context);
}

/** A tenant with a store in the lane, and one due obligation in it. */
async function newTenant(lane: string): Promise<TenantId> {
  const tenant = tenantId(randomUUID());
  await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
    tenant,
    `t-${tenant}`,
  ]);
  await app.get(Transactions, { strict: false }).run(tenant, async (tx) => {
    await app.get(CreateLog, { strict: false }).execute(tx, tenant, `log.example/${tenant}`);
  });
  const [store, cause] = [randomUUID(), randomUUID()];
  await owner(
    `insert into stores (tenant_id, id, name, type, lane_id, region, level, datasets, sealed_settings, state, registered_at)
     values ($1, $2, 'rows', 'postgres', $3, 'default', 'expunged', '[{"name": "clicks"}]', $4, 'ready', now())`,
    [tenant, store, lane, sealed(`store-settings/${tenant}/${store}`)],
  );
  await owner(
    `insert into causes (tenant_id, id, kind, open, planned_at) values ($1, $2, 'request', 1, now())`,
    [tenant, cause],
  );
  await owner(
    `insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, subject_ref, as_of, deadline,
                              due_at, policy_version, planned_at)
     values ($1, gen_random_uuid(), $2, $3, 'clicks', 'purge', 'request', $4, gen_random_uuid(), now(), now(), now(), 1, now())`,
    [tenant, lane, store, cause],
  );
  return tenant;
}

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-enforcement-'));
  [app, worker] = [await open(database.appUrl), await open(database.systemUrl)];
  transactions = worker.get(Transactions, { strict: false });
});
afterAll(async () => {
  await Promise.all([app.close(), worker.close()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const lane = randomUUID();
  await owner(`insert into lanes (id, type, endpoint, region) values ($1, 'postgres', $2, 'default')`, [
    lane,
    lane,
  ]);
  [ours, leaver] = [await newTenant(lane), await newTenant(lane)];
  const now = new Date();
  const found = await transactions.run(null, (tx) =>
    worker
      .get(LanesRepository, { strict: false })
      .acquire(tx, lane, { now, until: new Date(now.getTime() + 60_000) }),
  );
  if (found === undefined) throw new Error('the lane is held');
  lease = found;
});

const take = async (): Promise<Batch | undefined> =>
  worker.get(TakeBatch, { strict: false }).execute(lease, new Date());
const settle = (batch: Batch) =>
  worker.get(SettleBatch, { strict: false }).execute(
    lease,
    batch,
    batch.warranted.map(({ obligation }): Settlement => ({
      obligation,
      removed: 1,
      exact: true,
      outcome: 'erased',
      level: 'removed',
      error: null,
      dueAt: null,
      progress: null,
    })),
  );
const tenantsOf = (batch: Batch | undefined) =>
  [...(batch?.warranted ?? []), ...(batch?.superseded ?? [])]
    .map(({ obligation }) => obligation.tenant)
    .sort();
const settled = async (tenant: TenantId) =>
  owner<{ outcome: string | null }>('select outcome from obligations where tenant_id = $1', [tenant]);
const entries = async (tenant: TenantId) =>
  (await owner<{ kind: string }>('select kind from ledger_entries where tenant_id = $1', [tenant])).map(
    ({ kind }) => kind,
  );
const doom = async () => {
  await owner("update tenants set state = 'erasing' where id = $1", [leaver]);
  await app
    .get(Transactions, { strict: false })
    .run(leaver, (tx) => app.get(EndLog, { strict: false }).close(tx, leaver));
};
const erase = async () => {
  await owner('select erase_tenant($1, 5000)', [leaver]);
  await owner("update tenants set state = 'offboarded' where id = $1", [leaver]);
};

const waits = (query: RegExp) =>
  expect
    .poll(async () =>
      (
        await owner<{ query: string }>(
          "select query from pg_stat_activity where wait_event_type = 'Lock' and datname = $1",
          [database.name],
        )
      ).map((row) => query.test(row.query.trim())),
    )
    .toEqual([true]);
const owe = (tenants: readonly TenantId[]) =>
  owner(
    "update stores set compaction_owed = '{clicks}', compaction_due_at = now() - interval '1 s' where tenant_id = any ($1)",
    [tenants],
  );
const compact = () =>
  worker.get(CompactStores, { strict: false }).execute(lease, new Date(), new AbortController().signal);

describe('a batch with obligations of a tenant that leaves while the lane acts', () => {
  let batch: Batch;
  beforeEach(async () => {
    const taken = await take();
    expect(tenantsOf(taken)).toEqual([ours, leaver].sort());
    batch = taken!;
  });
  const expectOnlyOurs = async () => {
    expect(await settled(ours)).toEqual([{ outcome: 'erased' }]);
    expect(await entries(ours)).toEqual(['obligation.settled']);
    expect(await entries(leaver)).toEqual([]);
    const [cause] = await owner('select open from causes where tenant_id = $1', [ours]);
    expect(cause).toEqual({ open: 0 });
  };

  it('settles for the others alone when its rows have vanished', async () => {
    await doom();
    await erase();
    expect(await settle(batch)).toBe(true);
    await expectOnlyOurs();
    expect(await take()).toBeUndefined();
  });

  it('settles for the others alone when its rows are still there', async () => {
    await doom();
    expect(await settle(batch)).toBe(true);
    await expectOnlyOurs();
    expect(await settled(leaver)).toEqual([{ outcome: null }]);
    // What is left of it is no work: nobody takes it, and no bell is rung for it.
    expect(await take()).toBeUndefined();
    await owner('update lanes set lease_until = null');
    const idle = await transactions.run(null, (tx) =>
      worker.get(LanesRepository, { strict: false }).idleWithWork(tx, new Date()),
    );
    expect(idle).not.toContain(lease.laneId);
  });

  it('settles for the others alone when the erasure begins between the settling and its entry', async () => {
    const holder = new Client({ connectionString: database.ownerUrl });
    await holder.connect();
    // Whoever closes the log has its counter, and has not committed.
    await holder.query('begin');
    await holder.query("update tenants set state = 'erasing' where id = $1", [leaver]);
    await holder.query('update ledger_counters set closed = true where tenant_id = $1', [leaver]);
    const settling = settle(batch);
    await waits(/append_entries/);
    await holder.query('commit');
    await holder.end();
    expect(await settling).toBe(true);
    await expectOnlyOurs();
    expect(await settled(leaver)).toEqual([{ outcome: null }]);
  });
});

describe('a compaction that is owed in a store of a tenant that leaves', () => {
  it('is dropped with the tenant, and the others of the lane are compacted', async () => {
    await owe([ours, leaver]);
    await doom();
    await compact();
    // The stores of this test cannot be reached, and that is said where somebody listens.
    expect(await entries(ours)).toEqual(['store.compaction_failed']);
    expect(await entries(leaver)).toEqual([]);
  });

  it.each([
    [
      'its log is closed',
      [
        "update tenants set state = 'erasing' where id = $1",
        'update ledger_counters set closed = true where tenant_id = $1',
      ],
    ],
    [
      'its store vanishes',
      ['delete from obligations where tenant_id = $1', 'delete from stores where tenant_id = $1'],
    ],
  ])("is on nobody's record when %s while it runs", async (_, statements) => {
    await owe([leaver]);
    const holder = new Client({ connectionString: database.ownerUrl });
    await holder.connect();
    await holder.query('begin');
    for (const statement of statements) await holder.query(statement, [leaver]);
    const compacting = compact();
    await waits(/^update|append_entries/);
    await holder.query('commit');
    await holder.end();
    await compacting;
    expect(await entries(leaver)).toEqual([]);
  });
});
