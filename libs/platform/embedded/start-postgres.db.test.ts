import { spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstMessage, runElsewhere, skipReason, withClient } from '#testing';
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './index.js';
import { chooseLauncher, probeAbilities, unprivilegedUser, type Launcher } from './launcher.js';
import { isAlive } from './postmaster.js';

const abilities = probeAbilities();

/** Why root cannot run PostgreSQL as somebody else here, or null. */
function nobodyMissing(): string | null {
  if (abilities.uid !== 0) return 'only root starts PostgreSQL as somebody else';
  const id = unprivilegedUser.toString();
  const asNobody = ['--reuid', id, '--regid', id, '--clear-groups', '--', 'test', '-x'];
  const reachable = spawnSync('setpriv', [...asNobody, import.meta.dirname]).status === 0;
  return reachable ? null : 'this checkout is in a folder that only root may enter';
}
const withoutNobody = skipReason(nobodyMissing());
let home: string;
const running: EmbeddedPostgres[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-embedded-'));
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ folder: join(home, 'postgres'), durable: false, ...options });
  running.push(server);
  return server;
}

async function query(url: string, text: string): Promise<unknown[]> {
  return withClient(url, async (client) => (await client.query<Record<string, unknown>>(text)).rows);
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 5 }).toBe(true);
}

/** A process of its own that starts a server and says so; it is the starter that the tests kill. */
async function startElsewhere(launcher?: Launcher): Promise<{ starter: ChildProcess; pid: number }> {
  const starter = runElsewhere(join(process.cwd(), 'libs/testing/processes/start-postgres.ts'), [
    JSON.stringify({ folder: join(home, 'postgres'), socketFolder: home, durable: true, launcher }),
  ]);
  const { pid } = await firstMessage<{ pid: number }>(starter);
  return { starter, pid };
}

describe('an embedded PostgreSQL', () => {
  it('makes its cluster, answers on a private socket only, and stops', async () => {
    const server = await start();
    await server.ensureDatabase('lethe');
    await server.ensureDatabase('lethe');
    const [row] = await query(
      server.url('lethe'),
      'select current_database() as name, inet_server_addr() as address',
    );
    expect(row).toEqual({ name: 'lethe', address: null });
    const socket = join(server.socketFolder, '.s.PGSQL.5432');
    expect(Buffer.byteLength(`${socket}.lock`)).toBeLessThanOrEqual(103);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(server.socketFolder)).toBe(false);
  });

  it('sorts by bytes and speaks UTF-8 and UTC, whatever the machine is set to', async () => {
    const server = await start();
    const [row] = await query(
      server.url('postgres'),
      `select datlocprovider::text as provider, datlocale as locale, current_setting('server_encoding') as encoding,
              current_setting('timezone') as zone, upper('ä') as upper from pg_database where datname = 'template1'`,
    );
    expect(row).toEqual({ provider: 'b', locale: 'C.UTF-8', encoding: 'UTF8', zone: 'UTC', upper: 'Ä' });
  });

  it('finds its data at the second start', async () => {
    const first = await start({ durable: true });
    await query(first.url('postgres'), 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start({ durable: true });
    expect(await query(second.url('postgres'), 'select answer from kept')).toEqual([{ answer: 42 }]);
    const [row] = await query(second.url('postgres'), "select current_setting('fsync') as fsync");
    expect(row).toEqual({ fsync: 'on' });
  });

  it('recovers what was committed when the server itself was killed', async () => {
    const first = await start({ durable: true });
    await query(first.url('postgres'), 'create table kept as select 42 as answer');
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const second = await start({ durable: true });
    expect(await query(second.url('postgres'), 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('refuses to start beside a server whose starter lives, and leaves that one alone', async () => {
    const first = await start();
    await expect(startPostgres({ folder: join(home, 'postgres'), durable: false })).rejects.toMatchObject({
      code: 'postgres.running',
    });
    expect(await query(first.url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('leaves no server behind when its starter is killed, and the next start finds the data', async () => {
    const { starter, pid } = await startElsewhere();
    expect(isAlive(pid)).toBe(true);
    starter.kill('SIGKILL');
    const next = await start({ durable: true });
    expect(next.pid).not.toBe(pid);
    await until(() => !isAlive(pid));
  });

  it('leaves no server behind where the kernel does not end it with its starter', async () => {
    // As on macOS: no setpriv, a watchdog instead. Root needs its user namespace all the same.
    const prefix = abilities.uid === 0 ? ['unshare', '--user', '--'] : [];
    const { starter, pid } = await startElsewhere({ prefix, owner: abilities.uid, diesWithParent: false });
    starter.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });

  it('leaves no half-made cluster when making it fails or was killed', async () => {
    const abandoned = join(home, 'postgres.new-999999999');
    await mkdir(abandoned);
    await writeFile(join(abandoned, 'PG_VERSION'), '18');
    await start();
    expect((await readdir(home)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('keeps statements and their values out of its log', async () => {
    const server = await start();
    await expect(query(server.url('postgres'), "select 'canary@example.org'::int")).rejects.toThrow();
    const log = await readFile(join(home, 'postgres.log'), 'utf8');
    expect(log).not.toContain('select');
  });

  it.skipIf(withoutNobody)(
    'runs as an ordinary user on a folder of his, where root has no user namespace',
    async () => {
      await chmod(home, 0o711);
      const launcher = chooseLauncher({ ...abilities, userNamespace: false })!;
      const server = await start({ launcher, logFile: join(home, 'log') });
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t65534\t65534/m);
      expect(await query(server.url('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
    },
  );

  it.skipIf(withoutNobody)('goes back and forth between the two ways of running for root', async () => {
    await chmod(home, 0o711);
    const first = await start({ launcher: chooseLauncher({ ...abilities, userNamespace: false })! });
    await query(first.url('postgres'), 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url('postgres'), 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('says why when the server cannot start', async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(home, 'postgres', 'postgresql.conf'), 'no_such_setting_at_all = 1\n');
    await expect(startPostgres({ folder: join(home, 'postgres'), durable: false })).rejects.toThrow(
      /no_such_setting_at_all|configuration/,
    );
  });
});
