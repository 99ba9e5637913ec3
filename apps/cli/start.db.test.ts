import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { loadConfig, type Config } from '#platform/config';
import { dropLogins } from '#platform/database';
import { firstMessage, runElsewhere, withClient } from '#testing';
import { startSystem, type RunningSystem, type StartOptions } from './start.js';

let home: string;
let programs: { api: string; worker: string };
const running: RunningSystem[] = [];

// The API of these tests tells what it was given; both write down when they are asked to stop, and whether the database still runs.
const apiSource = `
import { createServer } from 'node:http';
import { appendFileSync, existsSync } from 'node:fs';
const journal = process.argv[1] + '.journal';
const socket = decodeURIComponent(new URL(process.env.LETHE_APP_DATABASE_URL).hostname) + '/.s.PGSQL.5432';
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => {
  appendFileSync(process.env.LETHE_LEDGER_FOLDER + '/journal', NAME + (existsSync(socket) ? ' before' : ' after') + ' the database\\n');
  process.exit();
});
console.log(NAME + ' serves as ' + process.pid);
const server = createServer((request, response) => {
  if (request.url === '/die') process.exit(9);
  response.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
if (NAME === 'api') server.listen(Number(process.env.PORT), process.env.LETHE_HOST, () => process.send({ ready: true }));
else { setInterval(() => undefined, 1000); process.send({ ready: true, pid: process.pid }); }
`;

interface Told {
  readonly pid: number;
  readonly env: Record<string, string>;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-start-'));
  programs = { api: join(home, 'api.mjs'), worker: join(home, 'worker.mjs') };
  await writeFile(programs.api, `const NAME = 'api';${apiSource}`);
  await writeFile(programs.worker, `const NAME = 'worker';${apiSource}`);
});

afterEach(async () => {
  for (const system of running.splice(0)) await system.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function config(env: Record<string, string> = {}): Config {
  return loadConfig({ LETHE_DATA: join(home, 'data'), ...env });
}

async function start(env: Record<string, string> = {}, options: StartOptions = {}): Promise<RunningSystem> {
  const system = await startSystem(config(env), { programs, ...options });
  running.push(system);
  return system;
}

async function ask(system: RunningSystem, path = '/'): Promise<Told> {
  return (await (await fetch(system.url + path)).json()) as Told;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const database = (system: RunningSystem, text: string) =>
  withClient(system.databaseUrl, async (client) => (await client.query<Record<string, unknown>>(text)).rows);
const workerPid = async () =>
  Number(/worker serves as (\d+)/.exec(await readFile(join(home, 'data/logs/worker.log'), 'utf8'))![1]);

describe('starting the whole system', () => {
  it('brings up a migrated database, the API and the worker, each with its own login', async () => {
    const system = await start();
    const { env } = await ask(system);
    expect(env).not.toHaveProperty('DATABASE_URL');
    for (const [name, group] of [
      ['APP', 'lethe_app'],
      ['SYSTEM', 'lethe_system'],
      ['QUEUE', 'lethe_queue'],
    ] as const) {
      const rows = await withClient(
        env[`LETHE_${name}_DATABASE_URL`]!,
        async (client) =>
          (
            await client.query<{ user: string; super: string }>(
              "select current_user as user, current_setting('is_superuser') as super",
            )
          ).rows,
      );
      expect(rows).toEqual([{ user: `${group}__lethe`, super: 'off' }]);
    }
    expect(Buffer.from(env['LETHE_MASTER_KEY']!, 'base64')).toHaveLength(32);
    expect(isAlive(await workerPid())).toBe(true);
    expect(await database(system, 'select count(*)::int as keys from api_keys')).toEqual([{ keys: 1 }]);
  });

  it('keeps the operator’s key for its owner only, and in the database only its hash', async () => {
    const system = await start();
    expect((await stat(system.operatorKeyFile)).mode & 0o777).toBe(0o600);
    const key = (await readFile(system.operatorKeyFile, 'utf8')).trim();
    expect(key.length).toBeGreaterThan(20);
    const [row] = await database(system, 'select row_to_json(k)::text as text from api_keys k');
    expect(row!['text']).not.toContain(key);
  });

  it('gives the folder a new operator’s key when the old one was lost', async () => {
    const first = await start();
    const lost = await readFile(first.operatorKeyFile, 'utf8');
    await first.stop();
    await rm(first.operatorKeyFile);
    const second = await start();
    expect(await readFile(second.operatorKeyFile, 'utf8')).not.toBe(lost);
    expect(await database(second, 'select count(*)::int as keys from api_keys')).toEqual([{ keys: 2 }]);
  });

  it('stops the API, the worker and then the database, and leaves nothing running', async () => {
    const system = await start();
    const pids = [(await ask(system)).pid, await workerPid()];
    await system.stop();
    await system.stop();
    expect(await readFile(join(home, 'data/ledger/journal'), 'utf8')).toBe(
      'api before the database\nworker before the database\n',
    );
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(existsSync(join(home, 'data/postgres/postmaster.pid'))).toBe(false);
  });

  it('finds its data and its keys at the second start', async () => {
    const first = await start();
    const key = await readFile(first.operatorKeyFile, 'utf8');
    const { env } = await ask(first);
    await database(first, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(await database(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await database(second, 'select count(*)::int as keys from api_keys')).toEqual([{ keys: 1 }]);
    expect(await readFile(second.operatorKeyFile, 'utf8')).toBe(key);
    expect((await ask(second)).env['LETHE_MASTER_KEY']).toBe(env['LETHE_MASTER_KEY']);
  });

  it('refuses a second start on the same folder, and says where the first answers', async () => {
    const first = await start();
    await expect(startSystem(config(), { programs })).rejects.toThrow(
      `Lethe is already running on ${first.dataFolder} at ${first.url}`,
    );
    expect((await ask(first)).pid).toBeGreaterThan(0);
  });

  it('refuses a master key that is not the database’s', async () => {
    const first = await start({ LETHE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') });
    await first.stop();
    await expect(start({ LETHE_MASTER_KEY: Buffer.alloc(32, 2).toString('base64') })).rejects.toMatchObject({
      code: 'database.other_key',
    });
    await expect(start({ LETHE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') })).resolves.toBeDefined();
  });

  it('takes another port when the usual one is in use, but never instead of one that was asked for', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(start({ PORT: port.toString() })).rejects.toMatchObject({ code: 'port.in_use' });
    const lines: string[] = [];
    const system = await startSystem({ ...config(), port }, { programs, report: (line) => lines.push(line) });
    running.push(system);
    expect(system.url).not.toContain(port.toString());
    expect(lines.join()).toContain(`Port ${port} is taken`);
    other.close();
  });
});

describe('a start that fails', () => {
  it('because a program does not come up leaves nothing running and can be repeated', async () => {
    await writeFile(join(home, 'broken.mjs'), "console.error('no policy'); process.exit(3);");
    const broken = { ...programs, worker: join(home, 'broken.mjs') };
    await expect(start({}, { programs: broken })).rejects.toThrow(
      /The worker stopped \(exit code 3\)\. Its last words: no policy/,
    );
    expect(existsSync(join(home, 'data/postgres/postmaster.pid'))).toBe(false);
    await expect(start()).resolves.toBeDefined();
  });

  it.each([
    ['postgres://nobody:secret@127.0.0.1:1/lethe', /cannot be reached \(ECONNREFUSED\)/],
    ['postgres://nobody:secret@no-such-host.invalid/lethe', /cannot be reached \(E\w+\)/],
  ])('because DATABASE_URL is wrong says so in one sentence and makes nothing', async (url, sentence) => {
    const error = await startSystem(config({ DATABASE_URL: url }), { programs }).catch(
      (thrown: unknown) => thrown as Error,
    );
    expect((error as Error).message).toMatch(sentence);
    expect((error as Error).message).not.toMatch(/secret|\n/);
    expect(existsSync(join(home, 'data'))).toBe(false);
  });

  it('because the database of DATABASE_URL does not exist names it', async () => {
    const url = new URL(inject('testServer').adminUrl);
    url.pathname = '/no_such_database';
    await expect(start({ DATABASE_URL: url.href })).rejects.toThrow(/no_such_database.*3D000/);
  });
});

describe('a system on a PostgreSQL of one’s own', () => {
  it('runs, makes no other, and leaves that one running', async () => {
    const { adminUrl } = inject('testServer');
    const url = new URL(adminUrl);
    url.pathname = '/lethe_external';
    await withClient(adminUrl, (admin) => admin.query('create database lethe_external'));
    try {
      const system = await start({ DATABASE_URL: url.href });
      expect((await ask(system)).env['LETHE_APP_DATABASE_URL']).toContain('lethe_app__lethe_external');
      expect(existsSync(join(home, 'data/postgres'))).toBe(false);
      await system.stop();
      expect(
        await withClient(
          url.href,
          async (owner) => (await owner.query<{ one: number }>('select 1 as one')).rows,
        ),
      ).toEqual([{ one: 1 }]);
    } finally {
      await withClient(adminUrl, async (admin) => {
        await admin.query('drop database lethe_external with (force)');
        await dropLogins(admin, 'lethe_external');
      });
    }
  });
});

describe('a running system', () => {
  it('starts the API again when that dies', async () => {
    const system = await start({}, { restartAfter: () => 1 });
    const before = await ask(system);
    await expect(ask(system, '/die')).rejects.toThrow();
    await expect
      .poll(
        () =>
          ask(system)
            .then(({ pid }) => pid !== before.pid)
            .catch(() => false),
        { timeout: 10_000 },
      )
      .toBe(true);
  });

  it('says when a part failed for good, while the rest waits to be stopped', async () => {
    const system = await start({}, { restartAfter: () => null });
    await expect(ask(system, '/die')).rejects.toThrow();
    expect((await system.failed).message).toContain('The API stopped (exit code 9)');
    expect(await database(system, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('leaves no process when it is killed, and the next start recovers', async () => {
    const script = join(process.cwd(), 'libs/testing/processes/start-system.ts');
    const env = { ...process.env, LETHE_DATA: join(home, 'data') };
    const killed = runElsewhere(script, [programs.api, programs.worker], { env });
    const { url } = await firstMessage<{ url: string }>(killed);
    const api = ((await (await fetch(url)).json()) as Told).pid;
    const postgres = Number(
      (await readFile(join(home, 'data/postgres/postmaster.pid'), 'utf8')).split('\n')[0],
    );
    const key = await readFile(join(home, 'data/operator.key'), 'utf8');
    const pids = [api, await workerPid(), postgres];
    killed.kill('SIGKILL');
    const system = await start();
    expect(await readFile(system.operatorKeyFile, 'utf8')).toBe(key);
    expect((await ask(system)).pid).not.toBe(api);
    const ended = (pid: number) => !isAlive(pid) || /\) Z /.test(statOf(pid));
    await expect.poll(() => pids.every(ended), { timeout: 10_000 }).toBe(true);
  });
});

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
