import { join } from 'node:path';
import { Log } from '#platform/telemetry';
import { createApi } from '../apps/api/create-api.js';
import { benchDecisions } from './access/decisions.js';
import { makeFloor } from './access/floor.js';
import { benchLists } from './access/lists.js';
import { benchParts } from './access/parts.js';
import { fileRequests, makeTenant } from './access/tenant.js';
import { apiConfig } from './api-config.js';
import { startDatabase } from './database.js';
import type { AreaOptions, AreaResult } from './harness.js';

const people = 20_000;
const quickPeople = 500;
const requests = 2_000;
const quickRequests = 200;

/** What authentication, authorisation and row-level security cost. */
export async function benchAccess(options: AreaOptions): Promise<AreaResult> {
  const database = await startDatabase();
  try {
    const config = apiConfig({
      databaseUrl: database.appUrl,
      masterKey: Buffer.alloc(32, 7),
      ledgerFolder: join(database.folder, 'ledger'),
    });
    const api = await createApi(config, Log.to('bench', 'error'));
    try {
      await api.init();
      options.say('Registering people and their consents…');
      const tenant = await makeTenant(api, database, options.quick ? quickPeople : people);
      await fileRequests(api, tenant.administrator, options.quick ? quickRequests : requests);
      await makeFloor(database.owner);
      await database.owner.query('vacuum analyze');
      const world = { api, config, database, tenant };
      const rows = [
        ...(await benchDecisions(world, options)),
        ...(await benchParts(world, options)),
        ...(await benchLists(world, options)),
      ];
      return { rows, versions: { PostgreSQL: database.version } };
    } finally {
      await api.close();
    }
  } finally {
    await database.stop();
  }
}
