import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresBackend, Queue } from 'bullmq';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '#platform/embedded';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { prepareLogins, prepareRoles } from './index.js';
import { loginUrl } from './roles.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

const refused = { code: '42501' };

describe('the roles of the applications', () => {
  it('may be prepared again and by several starters at once', async () => {
    const prepare = () =>
      withClient(database.ownerUrl, async (owner) => {
        await prepareRoles(owner);
      });
    await expect(Promise.all(Array.from({ length: 5 }, prepare))).resolves.toHaveLength(5);
  });

  it('own no table, bypass no row-level security and create nothing in public', async () => {
    await withClient(database.ownerUrl, async (owner) => {
      const { rows } = await owner.query(
        `select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles
          where rolname like 'lethe%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
      );
      expect(rows).toEqual([]);
      const owned = await owner.query(
        `select c.relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname like 'lethe%'
          and c.relnamespace = 'public'::regnamespace`,
      );
      expect(owned.rows).toEqual([]);
    });
    for (const url of [database.appUrl, database.systemUrl, database.queueUrl]) {
      await expect(
        withClient(url, (client) => client.query('create table public.mine (id int)')),
      ).rejects.toMatchObject(refused);
    }
  });

  it('cannot become each other', async () => {
    await expect(
      withClient(database.appUrl, (client) => client.query('set role lethe_system')),
    ).rejects.toMatchObject(refused);
    await expect(
      withClient(database.queueUrl, (client) => client.query('set role lethe_app')),
    ).rejects.toMatchObject(refused);
    await expect(
      withClient(database.systemUrl, (client) => client.query('set role postgres')),
    ).rejects.toMatchObject(refused);
  });

  it('let the queue read and write none of our tables', async () => {
    const tables = await withClient(database.ownerUrl, async (owner) => {
      const { rows } = await owner.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')`,
      );
      return rows.map(({ name }) => name);
    });
    expect(tables).toContain('tenants');
    await withClient(database.queueUrl, async (queue) => {
      for (const table of tables) {
        await expect(queue.query(`select 1 from public.${table}`)).rejects.toMatchObject(refused);
        await expect(queue.query(`delete from public.${table}`)).rejects.toMatchObject(refused);
      }
    });
  });

  it('keep the applications out of the queue', async () => {
    for (const url of [database.appUrl, database.systemUrl]) {
      await expect(
        withClient(url, (client) => client.query('create table bullmq.mine (id int)')),
      ).rejects.toMatchObject(refused);
    }
  });

  it('let BullMQ make and use its own schema', async () => {
    const queue = new Queue(
      'planning',
      { connection: { connectionString: database.queueUrl, schema: 'bullmq', migrate: true, max: 2 } },
      createPostgresBackend,
    );
    try {
      await queue.add('ring', { id: 1 });
      expect(await queue.getJobCountByTypes('waiting')).toBe(1);
    } finally {
      await queue.close();
    }
  });

  it('reach the database through TypeORM with the same connection string', async () => {
    const source = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
    try {
      const [row] = await source.query<{ login: string; database: string }[]>(
        'select current_user as login, current_database() as database',
      );
      expect(row).toEqual({ login: `lethe_app__${database.name}`, database: database.name });
    } finally {
      await source.destroy();
    }
  });

  it('take the password given, and no other, where the server asks for one', async () => {
    const home = await mkdtemp(join(tmpdir(), 'lethe-roles-'));
    const server = await startPostgres({
      folder: join(home, 'postgres'),
      socketFolder: home,
      durable: false,
    });
    try {
      await writeFile(
        join(home, 'postgres', 'pg_hba.conf'),
        'local all postgres trust\nlocal all all scram-sha-256\n',
      );
      const ownerUrl = server.url('postgres');
      const urls = await withClient(ownerUrl, async (owner) => {
        await owner.query('select pg_reload_conf()');
        await prepareRoles(owner);
        return prepareLogins(owner, ownerUrl, (login) => `secret of ${login} @/:?`);
      });
      const wrong = loginUrl(ownerUrl, 'lethe_app__postgres', 'secret of lethe_system__postgres @/:?');
      await expect(withClient(wrong, (app) => app.query('select 1'))).rejects.toMatchObject({
        code: '28P01',
      });
      for (const url of Object.values(urls)) await withClient(url, (login) => login.query('select 1'));
      await withClient(ownerUrl, async (owner) => {
        await expect(prepareLogins(owner, ownerUrl, () => 'of another master key')).rejects.toMatchObject({
          kind: 'conflict',
          code: 'database.other_key',
        });
      });
      // The refusal changed nothing.
      await expect(withClient(urls.appUrl, (app) => app.query('select 1'))).resolves.toMatchObject({
        rowCount: 1,
      });
    } finally {
      await server.stop();
      await rm(home, { recursive: true });
    }
  });

  it('are told apart for a database whose name PostgreSQL would cut', async () => {
    const long = 'x'.repeat(58);
    await withClient(database.ownerUrl, async (owner) => {
      await owner.query(`create database ${long}`);
      const ownerUrl = database.ownerUrl.replace(database.name, long);
      const urls = await withClient(ownerUrl, (there) => prepareLogins(there, ownerUrl, () => 'test'));
      const logins = Object.values(urls).map((url) => new URL(url).username);
      expect(new Set(logins).size).toBe(3);
      for (const login of logins) expect(login.length).toBeLessThanOrEqual(63);
      await expect(withClient(urls.appUrl, (app) => app.query('select 1'))).resolves.toMatchObject({
        rowCount: 1,
      });
      await owner.query(`drop database ${long}`);
      for (const login of logins) await owner.query(`drop role ${login}`);
    });
  });
});

describe('a login’s connection string', () => {
  it.each([
    ['postgres://owner:old@db.example:6543/lethe?sslmode=require', 'host in the place of a URL'],
    ['postgresql:///lethe?host=/run/postgresql&port=6543&user=owner&password=old', 'host as a parameter'],
    ['postgres://owner@%2Frun%2Fpostgresql:6543/lethe', 'a socket in the place of the host'],
  ])('keeps the server and database of %s, and nothing of its owner', (ownerUrl) => {
    const before = new Client({ connectionString: ownerUrl.replace('?sslmode=require', '') });
    const after = new Client({
      connectionString: loginUrl(ownerUrl, 'lethe_app__x', 'p@/:? %').replace('?sslmode=require', ''),
    });
    expect([after.host, after.port, after.database]).toEqual([before.host, before.port, before.database]);
    expect([after.user, after.password]).toEqual(['lethe_app__x', 'p@/:? %']);
    expect(loginUrl(ownerUrl, 'x', 'y')).not.toMatch(/old|owner/);
    expect(loginUrl(ownerUrl, 'x', 'y').includes('sslmode')).toBe(ownerUrl.includes('sslmode'));
  });
});
