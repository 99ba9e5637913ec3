import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Caller } from '#access';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { Log } from '#platform/telemetry';
import { ApplyPolicy, parsePolicy } from '#policy';
import { FileRequests } from '#requests';
import { RegisterDataMap } from '#stores';
import { createApi } from '../../apps/api/create-api.js';
import { apiConfig } from '../api-config.js';
import { startDatabase, type BenchDatabase } from '../database.js';
import { callerOf, createTenant } from '../tenants.js';
import { WorkerProcess } from './worker-process.js';

/** As many people as one call of the API takes. */
const mostAtOnce = 10_000;
const pollMilliseconds = 20;
const patienceMilliseconds = 300_000;

/** A database of its own, an API in this process, and a worker in another. */
export interface World {
  readonly database: BenchDatabase;
  readonly api: NestFastifyApplication;
  readonly worker: WorkerProcess;
}

/** A tenant whose stores are registered. */
export interface Host {
  readonly tenant: TenantId;
  readonly administrator: Caller;
}

/** `lanes` says whether the worker works lanes off by itself; otherwise only when it is told to. */
export async function inWorld<T>(
  { lanes }: { readonly lanes: 'by itself' | 'when told' },
  work: (world: World) => Promise<T>,
): Promise<T> {
  const database = await startDatabase();
  const { appUrl, systemUrl, queueUrl, folder } = database;
  const own = { databaseUrl: appUrl, masterKey: Buffer.alloc(32, 7), ledgerFolder: join(folder, 'ledger') };
  const config = {
    ...apiConfig(own),
    systemDatabaseUrl: systemUrl,
    queueDatabaseUrl: queueUrl,
  };
  try {
    const api = await createApi(config, Log.to('bench', 'error'));
    try {
      await api.init();
      const worker = await WorkerProcess.start(config, lanes === 'when told');
      try {
        return await work({ database, api, worker });
      } finally {
        await worker.stop();
      }
    } finally {
      await api.close();
    }
  } finally {
    await database.stop();
  }
}

const policy = `
purposes: { recommendations: { title: Recommendations, legalBasis: consent } }
retention: { rest: { keep: indefinitely, reason: Nothing is swept here. } }
erasure: { everything: {} }
`;

/** A dataset whose rows say whose they are, and when they were collected. */
export function dataset(location: string, fields: readonly string[] = []): object {
  return {
    location,
    subjectKey: { field: 'person', form: 'integer', identifier: 'account_id' },
    collectedAt: { field: 'at', form: 'timestamp' },
    purposes: ['recommendations'],
    fields: Object.fromEntries(
      ['person', 'at', ...fields].map((field) => [field, { category: 'user.behavior' }]),
    ),
  };
}

export async function createHost({ api, database }: World, stores: object): Promise<Host> {
  const { id: tenant, administratorKey } = await createTenant(api, database);
  const administrator = await callerOf(api, administratorKey);
  const given = { policy: parsePolicy(policy), files: [], effectiveAt: null, planDigest: null };
  await api
    .get(Transactions, { strict: false })
    .run(tenant, (tx) => api.get(ApplyPolicy, { strict: false }).execute(tx, administrator, given));
  await api.get(RegisterDataMap, { strict: false }).execute(administrator, JSON.stringify({ stores }));
  return { tenant, administrator };
}

/** Files a deletion for each of these people. */
export async function fileDeletions(
  { api }: World,
  { administrator }: Host,
  people: readonly number[],
): Promise<void> {
  const file = api.get(FileRequests, { strict: false });
  for (let first = 0; first < people.length; first += mostAtOnce) {
    const subjects = people
      .slice(first, first + mostAtOnce)
      .map((person) => ({ type: 'account_id', value: person.toString() }));
    await file.execute(administrator, subjects, true);
  }
}

const pending = {
  planned: `select 1 from requests where state = 'received'`,
  settled: `select 1 from obligations where settled_at is null`,
  receipts: `select 1 from requests where state in ('received', 'running')`,
  /** What goes on after the receipts, and would disturb what is measured next. */
  proved: `select 1 from outbox union all
    select 1 from ledger_trees t join ledger_counters c on c.tenant_id = t.tenant_id where t.published <> c.revision`,
} as const;

/** Resolves when all that was filed has come so far. */
export async function until(
  { database }: World,
  ...stages: readonly (keyof typeof pending)[]
): Promise<void> {
  const text = `select exists (${stages.map((stage) => pending[stage]).join(' union all ')}) as busy`;
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    const { rows } = await database.owner.query<{ busy: boolean }>(text);
    if (rows[0]?.busy === false) return;
    if (performance.now() > deadline) throw new Error(`not ${stages.join(', ')} within five minutes`);
    await sleep(pollMilliseconds);
  }
}

/** The lane of the host's only store. */
export async function laneOf({ database }: World, { tenant }: Host): Promise<string> {
  const { rows } = await database.owner.query<{ lane_id: string }>(
    'select lane_id from stores where tenant_id = $1',
    [tenant],
  );
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error('the host has not one store');
  return row.lane_id;
}

/** Compaction comes minutes after an erasure, once for all of them; it is not what is measured. */
export async function forgetCompaction({ database }: World): Promise<void> {
  await database.owner.query(`update stores set compaction_owed = '{}', compaction_due_at = null`);
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
