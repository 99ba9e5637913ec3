import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, prepareLogins, prepareRoles } from '#platform/database';
import { startPostgres } from '#platform/embedded';
import { migrations } from '../migrations/index.js';

/** A migrated database on a PostgreSQL of the benchmark's own that writes to disk as in production. */
export interface BenchDatabase {
  /** For whatever else needs a place on this disk; removed at the end. */
  readonly folder: string;
  /** The superuser, who owns every table: row-level security does not bind it. */
  readonly ownerUrl: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly queueUrl: string;
  /** The process whose children are the connections. */
  readonly postmaster: number;
  readonly owner: Client;
  readonly version: string;
  readonly stop: () => Promise<void>;
}

const name = 'bench';

export async function startDatabase(): Promise<BenchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-'));
  const clean = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', clean);
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    socketFolder: folder,
    durable: true,
  });
  await server.ensureDatabase(name);
  const ownerUrl = server.url(name);
  const owner = new Client({ connectionString: ownerUrl });
  await owner.connect();
  await prepareRoles(owner);
  await migrate(owner, migrations);
  const { rows } = await owner.query<{ server_version: string }>('show server_version');
  const version = rows[0]?.server_version ?? 'unknown';
  const { appUrl, systemUrl, queueUrl } = await prepareLogins(owner, ownerUrl, () => 'bench');
  const stop = async () => {
    await owner.end();
    await server.stop();
    clean();
    process.off('exit', clean);
  };
  return { folder, ownerUrl, appUrl, systemUrl, queueUrl, postmaster: server.pid, owner, version, stop };
}
