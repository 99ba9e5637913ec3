import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { loadProcessConfig } from '#platform/config';
import { dropLogins } from '#platform/database';
import { withClient } from '#testing';
import { runMigrate } from './migrate.js';

const masterKey = randomBytes(32);
const { adminUrl } = inject('testServer');
let folder: string;
let database: string;
let databaseUrl: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-migrate-'));
  database = `migrate_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  databaseUrl = url.href;
  said = [];
  await withClient(adminUrl, (admin) => admin.query(`create database ${database}`));
});

afterEach(async () => {
  await withClient(adminUrl, async (admin) => {
    await admin.query(`drop database ${database} with (force)`);
    await dropLogins(admin, database);
  });
  await rm(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
});

const migrate = () =>
  runMigrate(
    { databaseUrl, masterKey },
    { processEnv: join(folder, 'processes.env'), operatorKey: join(folder, 'operator.key') },
    (line) => void said.push(line),
  );
const operatorKeys = () =>
  withClient(databaseUrl, async (owner) => {
    const { rows } = await owner.query<{ prefix: string }>('select prefix from api_keys');
    return rows.map(({ prefix }) => prefix);
  });

describe('lethe migrate', () => {
  it('hands API and worker logins that work, and the owner to neither', async () => {
    expect(await migrate()).toBe(0);
    const variables = parseEnv(await readFile(join(folder, 'processes.env'), 'utf8'));
    const config = loadProcessConfig({
      ...variables,
      LETHE_MASTER_KEY: masterKey.toString('base64'),
      LETHE_LEDGER_FOLDER: folder,
    });
    const users = [config.appDatabaseUrl, config.systemDatabaseUrl, config.queueDatabaseUrl].map((url) =>
      withClient(url, async (client) => {
        const { rows } = await client.query<{ name: string }>('select current_user as name');
        return rows[0]?.name;
      }),
    );
    expect(await Promise.all(users)).toEqual([
      `lethe_app__${database}`,
      `lethe_system__${database}`,
      `lethe_queue__${database}`,
    ]);
    expect(Object.values(variables)).not.toContain(databaseUrl);
  });

  it('issues one key, however often it runs', async () => {
    await migrate();
    const key = await readFile(join(folder, 'operator.key'), 'utf8');
    await migrate();
    expect(await readFile(join(folder, 'operator.key'), 'utf8')).toBe(key);
    expect(await operatorKeys()).toEqual([key.split('_')[1]]);
  });

  it('prints no secret, and writes its files for their owner only', async () => {
    await migrate();
    const key = (await readFile(join(folder, 'operator.key'), 'utf8')).trim();
    const urls = Object.values(parseEnv(await readFile(join(folder, 'processes.env'), 'utf8')));
    expect(said).toHaveLength(3);
    for (const secret of [key, masterKey.toString('base64'), databaseUrl, ...urls])
      expect(said.join('\n')).not.toContain(secret);
    for (const file of ['operator.key', 'processes.env'])
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  it('refuses a database that was set up with another master key, and issues nothing', async () => {
    await migrate();
    const other = runMigrate(
      { databaseUrl, masterKey: randomBytes(32) },
      { operatorKey: join(folder, 'other.key') },
      () => undefined,
    );
    await expect(other).rejects.toMatchObject({ code: 'database.other_key' });
    expect(await operatorKeys()).toHaveLength(1);
  });

  it.each([
    ['DATABASE_URL', { databaseUrl: undefined, masterKey }],
    ['LETHE_MASTER_KEY', { databaseUrl: 'postgresql://nobody@localhost/none', masterKey: undefined }],
  ])('says that %s is missing', async (name, config) => {
    await expect(runMigrate(config, {}, () => undefined)).rejects.toThrow(`${name} is not set`);
  });
});
