import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, prepareRoles } from '#platform/database';
import { startPostgres } from '#platform/embedded';
import { migrations } from '../../migrations/index.js';
import { withClient } from './with-client.js';

/** A PostgreSQL of the tests' own with a migrated template. */
export interface TestServer {
  readonly adminUrl: string;
  /** Why there is no template (a migration that fails), or null. Tests that need no database run all the same. */
  readonly failure: string | null;
  stop(): Promise<void>;
}

/** The migrated database that test databases are clones of. */
export const template = 'lethe_template';
const folderPrefix = 'lethe-test-';
const abandonedAfterMs = 3_600_000;

/** Starts the server and migrates the template. Vitest's global set-up does it once per run; a benchmark does it itself. */
export async function startTestServer(): Promise<TestServer> {
  await removeAbandoned();
  const home = await mkdtemp(join(tmpdir(), folderPrefix));
  const server = await startPostgres({ folder: join(home, 'postgres'), socketFolder: home, durable: false });
  const stop = async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  let failure: string | null = null;
  try {
    await server.ensureDatabase(template);
    await withClient(server.url(template), async (client) => {
      await prepareRoles(client);
      await migrate(client, migrations);
    });
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return { adminUrl: server.url('postgres'), failure, stop };
}

/** A run that was killed leaves its folder; its server ended with it. Only folders of ours, untouched for an hour, are removed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const folder = join(tmpdir(), name);
    const found = await stat(join(folder, 'postgres')).catch(() => null);
    const running = await stat(join(folder, 'postgres', 'postmaster.pid')).catch(() => null);
    const ours = found?.uid === process.getuid?.() && running === null;
    if (found !== null && ours && Date.now() - found.mtimeMs > abandonedAfterMs)
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
