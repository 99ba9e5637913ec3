import type { ProcessConfig } from '#platform/config';
import { usualBeats } from '#platform/runtime';

/** How an API of a benchmark is configured: as `npm start` does, on a database of the benchmark's own. */
export function apiConfig(own: {
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
  readonly ledgerFolder: string;
}): ProcessConfig {
  const { databaseUrl, masterKey, ledgerFolder } = own;
  return {
    appDatabaseUrl: databaseUrl,
    systemDatabaseUrl: databaseUrl,
    queueDatabaseUrl: databaseUrl,
    masterKey,
    ledgerFolder,
    redisUrl: undefined,
    port: 0,
    metricsPort: 0,
    host: '127.0.0.1',
    logLevel: 'info',
    regions: [],
    beats: usualBeats,
  };
}
