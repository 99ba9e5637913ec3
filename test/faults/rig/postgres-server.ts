import { mkdirSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { startPostgres, type EmbeddedPostgres } from '#platform/embedded';
import { withClient } from '#testing';

const tryEvery = 25;
const tryFor = 30_000;

/** An embedded PostgreSQL that writes to disk as in production, and dies when it is told to. */
export class PostgresServer {
  readonly socketFolder: string;
  private server: EmbeddedPostgres | undefined;

  constructor(private readonly folder: string) {
    this.socketFolder = join(folder, 's');
    mkdirSync(this.socketFolder, { recursive: true });
  }

  async start(): Promise<void> {
    this.server = await startPostgres({
      folder: this.data,
      socketFolder: this.socketFolder,
      durable: true,
    });
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  /** As the superuser, straight to the server. */
  url(database: string): string {
    return `postgres://postgres@${encodeURIComponent(this.socketFolder)}:5432/${database}`;
  }

  async ensureDatabase(name: string): Promise<void> {
    await this.server?.ensureDatabase(name);
  }

  /** kill -9 of the whole server; it is started again, and resolves when it serves. */
  async kill(): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    await this.startAgain();
  }

  /** A copy of the disk at one instant, as a snapshot of a volume is; or such a copy put back in its place. */
  async copy(direction: 'save' | 'restore'): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    const [from, to] =
      direction === 'save' ? [this.data, `${this.data}.saved`] : [`${this.data}.saved`, this.data];
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true });
    await rm(join(to, 'postmaster.pid'), { force: true });
    await this.startAgain();
  }

  /** kill -9 of one connection's process, upon which PostgreSQL ends all of them and recovers. */
  async killConnection(database: string): Promise<void> {
    await withClient(this.url('postgres'), async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend' order by query_start desc nulls last limit 1",
        [database],
      );
      if (rows[0] !== undefined) process.kill(rows[0].pid, 'SIGKILL');
    }).catch(() => undefined);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  /** What the dead one's children still hold is theirs until they notice. */
  private async startAgain(): Promise<void> {
    for (const end = performance.now() + tryFor; ;) {
      try {
        await this.start();
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(tryEvery);
      }
    }
  }

  private async ready(): Promise<void> {
    for (const end = performance.now() + tryFor; ;) {
      const client = new Client({ connectionString: this.url('postgres') });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select 1');
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(tryEvery);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
