import { join } from 'node:path';
import { Log } from '#platform/telemetry';
import { createApi } from '../apps/api/create-api.js';
import { createWorker } from '../apps/worker/create-worker.js';
import { apiConfig } from './api-config.js';
import { startDatabase } from './database.js';
import type { AreaOptions, AreaResult } from './harness.js';
import { benchEvaluation } from './policies/evaluation.js';
import { benchPlan } from './policies/plan.js';
import { callerOf, createTenant } from './tenants.js';

/** What it takes to ask a policy, and to say what a change of it would remove. */
export async function benchPolicies(options: AreaOptions): Promise<AreaResult> {
  const evaluation = await benchEvaluation(options);
  const database = await startDatabase();
  try {
    const { appUrl, systemUrl, queueUrl, folder } = database;
    const config = {
      ...apiConfig({
        databaseUrl: appUrl,
        masterKey: Buffer.alloc(32, 7),
        ledgerFolder: join(folder, 'ledger'),
      }),
      systemDatabaseUrl: systemUrl,
      queueDatabaseUrl: queueUrl,
    };
    const log = Log.to('bench', 'error');
    const api = await createApi(config, log);
    const worker = await createWorker(config, log);
    try {
      await api.init();
      const { administratorKey } = await createTenant(api, database);
      const administrator = await callerOf(api, administratorKey);
      const plan = await benchPlan({ api, database, administrator }, options);
      return { rows: [...evaluation, ...plan], versions: { PostgreSQL: database.version } };
    } finally {
      await worker.close();
      await api.close();
    }
  } finally {
    await database.stop();
  }
}
