import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TenantId } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { verifyFile } from './domain/verify-file.js';
import { isLogClosed } from './end-log.js';
import { appendMany, openLedger, startLog, type OpenLedger } from './testing/open-ledger.js';

let database: TestDatabase;
let folder: string;
let app: OpenLedger;
let worker: OpenLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-ledger-'));
  [app, worker] = await Promise.all([
    openLedger(database.appUrl, folder),
    openLedger(database.systemUrl, folder),
  ]);
});
afterAll(async () => {
  await Promise.all([app.close(), worker.close()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = (text: string, values: unknown[] = []) =>
  withClient(
    database.ownerUrl,
    async (client) => (await client.query<Record<string, unknown>>(text, values)).rows,
  );
const newLog = async () => {
  const log = await startLog(app, async (tenant) => {
    await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
      tenant,
      `t-${tenant}`,
    ]);
  });
  await appendMany(app, log.tenant, 3);
  return log;
};
const close = (tenant: TenantId) => app.transactions.run(tenant, (tx) => app.endLog.close(tx, tenant));
const last = { kind: 'tenant.offboarded' as const, data: { rows: 5 } };
const append = (tenant: TenantId) =>
  worker.transactions.run(tenant, (tx) => worker.endLog.append(tx, tenant, last));
const destroyKey = (tenant: TenantId) =>
  worker.transactions.run(tenant, (tx) => worker.endLog.destroyKey(tx, tenant));
const pending = async (tenant: TenantId) =>
  (await worker.transactions.run(null, (tx) => worker.read.pending(tx))).includes(tenant);
const kinds = async (tenant: TenantId) =>
  (await owner('select kind from ledger_entries where tenant_id = $1 order by number', [tenant])).map(
    ({ kind }) => kind,
  );

describe('a closed log', () => {
  it('takes nothing but its last entry, once, and only when it is closed', async () => {
    const { tenant } = await newLog();
    await expect(append(tenant)).rejects.toThrow('the log is not closed');
    expect(await close(tenant)).toEqual({ revision: 3 });
    const refused = { kind: 'conflict', code: 'ledger.closed' };
    for (const ledger of [app, worker])
      await expect(appendMany(ledger, tenant, 1)).rejects.toMatchObject(refused);
    await Promise.all([append(tenant), append(tenant), append(tenant)]);
    for (const ledger of [app, worker])
      await expect(appendMany(ledger, tenant, 1)).rejects.toMatchObject(refused);
    expect((await kinds(tenant)).slice(3)).toEqual(['tenant.offboarded']);
    expect(await owner('select revision from ledger_counters where tenant_id = $1', [tenant])).toEqual([
      { revision: '4' },
    ]);
  });

  it('counts who had the counter before it, and refuses who comes after', async () => {
    const { tenant } = await newLog();
    const other = await newLog();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const earlier = app.transactions.run(tenant, async (tx) => {
      await app.append.execute(tx, tenant, [{ kind: 'obligation.settled', data: {} }]);
      await promise;
    });
    const waiting = (count: number) =>
      expect
        .poll(
          async () =>
            (
              await owner(
                "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1 and (query like 'update ledger_counters%' or query like '%append_entries%')",
                [database.name],
              )
            ).length,
        )
        .toBe(count);
    await expect
      .poll(
        async () =>
          (
            await owner(
              "select 1 from pg_stat_activity where state = 'idle in transaction' and datname = $1",
              [database.name],
            )
          ).length,
      )
      .toBe(1);
    const closing = close(tenant);
    await waiting(1);
    const later = appendMany(app, tenant, 1).then(
      () => 'appended',
      (error: unknown) => isLogClosed(error),
    );
    await waiting(2);
    await appendMany(app, other.tenant, 1);
    resolve(undefined);
    await earlier;
    const [closed, outcome] = await Promise.all([closing, later]);
    // PostgreSQL does not promise which of two that wait for a changed row goes first.
    expect([
      [{ revision: 4 }, true],
      [{ revision: 5 }, 'appended'],
    ]).toContainEqual([closed, outcome]);
    expect(await kinds(tenant)).toHaveLength(closed.revision);
  });
});

describe('the signing key', () => {
  it('is kept until a checkpoint covers the last entry', async () => {
    const { tenant } = await newLog();
    await worker.integrate.execute(tenant);
    expect(await destroyKey(tenant)).toBe(false);
    await close(tenant);
    await append(tenant);
    expect(await destroyKey(tenant)).toBe(false);
    expect(await pending(tenant)).toBe(true);
    await worker.integrate.execute(tenant);
    expect(await destroyKey(tenant)).toBe(true);
    expect(await destroyKey(tenant)).toBe(true);
  });

  it('once gone signs nothing more, and what was published stays and verifies', async () => {
    const { tenant, verifierKey } = await newLog();
    await close(tenant);
    await append(tenant);
    await worker.integrate.execute(tenant);
    await destroyKey(tenant);
    // Another integrator that comes late finds nothing to do, also when the published file is lost.
    expect(await worker.integrate.execute(tenant)).toEqual({ size: 4 });
    await rm(join(folder, tenant, 'checkpoint'));
    expect(await worker.integrate.execute(tenant)).toEqual({ size: 4 });
    expect((await verifyFile(app.exportLog.execute(tenant), verifierKey)).ok).toBe(true);
    expect(await app.read.proof(tenant, 3)).toContain('tlog-proof');
    const published = await app.read.checkpoint(tenant);
    // Whoever owns the database may still add rows. They are never signed, and nobody keeps trying.
    await owner(
      `with added as (insert into ledger_entries values ($1, 5, 'policy.applied', now(), '{"n":5}'))
       update ledger_counters set revision = 5 where tenant_id = $1`,
      [tenant],
    );
    expect(await pending(tenant)).toBe(false);
    await expect(worker.integrate.execute(tenant)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'ledger.ended',
    });
    expect(await app.read.checkpoint(tenant)).toBe(published);
  });
});
