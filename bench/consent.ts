import { join } from 'node:path';
import { Log } from '#platform/telemetry';
import { createApi } from '../apps/api/create-api.js';
import { apiConfig } from './api-config.js';
import { benchHttp } from './consent/http.js';
import { benchPacked } from './consent/packed.js';
import { benchPeers, ratioRows, type OurFigures } from './consent/peers.js';
import { peerVersions } from './consent/peers-install.js';
import { fillTenant } from './consent/world.js';
import { benchWrites } from './consent/writes.js';
import { startDatabase } from './database.js';
import type { AreaOptions, AreaResult, Row } from './harness.js';

const many = 1_000_000;
const few = 1_000;
const quickMany = 2_000;
const quickFew = 200;

/** What it takes to record what people say, and to decide by it: in process, over HTTP, and beside other software. */
export async function benchConsent(options: AreaOptions): Promise<AreaResult> {
  const packed = await benchPacked(options);
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
      const tenants = {
        few: await fillTenant(api, database, 'few', options.quick ? quickFew : few),
        many: await fillTenant(api, database, 'many', options.quick ? quickMany : many),
      };
      await database.owner.query('vacuum analyze');
      const http = await benchHttp({ config, database, ...tenants }, options);
      const writes = await benchWrites(api, tenants, options);
      const own = [...packed, ...http, ...writes];
      // Other people's software takes minutes, and is fetched over the network.
      const peers = options.quick ? [] : ratioRows(await benchPeers(options, database), figures(own));
      const versions = options.quick ? {} : peerVersions();
      return { rows: [...own, ...peers], versions: { PostgreSQL: database.version, ...versions } };
    } finally {
      await api.close();
    }
  } finally {
    await database.stop();
  }
}

function figures(rows: readonly Row[]): OurFigures {
  const of = (start: string) => rows.find(({ name }) => name.startsWith(start));
  const may = of('may, in process: rate');
  const found = {
    record: of('consent written, 64'),
    decision: of('decision over HTTP, '),
    may: may && { ...may, value: may.value * 1e6, unit: '/s' },
    'may p50': of('may, in process: p50'),
    'may p99': of('may, in process: p99'),
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([question, row]) =>
      row === undefined
        ? []
        : [[question, { name: row.name, value: row.value, unit: row.unit, spread: row.spread }]],
    ),
  );
}
