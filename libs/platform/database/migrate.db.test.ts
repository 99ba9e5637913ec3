import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { migrations as ours } from '../../../migrations/index.js';
import { migrate, type Migration } from './index.js';

let folder: string;
let database: TestDatabase;
let client: Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-migrations-'));
  database = await createTestDatabase();
  client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
  // The template is migrated; these tests bring steps of their own.
  await client.query('drop table schema_migrations');
});

afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function step(name: string, sql: string): Promise<Migration> {
  const file = join(folder, `${name}.sql`);
  await writeFile(file, sql);
  return { name, file: pathToFileURL(file) };
}

async function exists(table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
    table,
  ]);
  return rows[0]!.found;
}

describe('migrating', () => {
  it('applies each step once, in the order of the list', async () => {
    const one = await step('0001_one', 'create table one (id int); insert into one values (1)');
    const two = await step('0002_two', 'alter table one add column two int; create table two (id int);');
    expect(await migrate(client, [one])).toEqual(['0001_one']);
    expect(await migrate(client, [one, two])).toEqual(['0002_two']);
    expect(await migrate(client, [one, two])).toEqual([]);
    expect((await client.query('select * from one')).rows).toEqual([{ id: 1, two: null }]);
  });

  it('applies each step once when several starters race', async () => {
    const steps = [
      await step('0001_one', 'create table one (id int)'),
      await step('0002_two', 'insert into one values (1)'),
    ];
    const racers = Array.from({ length: 5 }, () =>
      withClient(database.ownerUrl, (racer) => migrate(racer, steps)),
    );
    const applied = (await Promise.all(racers)).flat();
    expect(applied.toSorted()).toEqual(['0001_one', '0002_two']);
    expect((await client.query('select * from one')).rowCount).toBe(1);
  });

  it('leaves nothing of a step that fails, keeps the steps before it, and says where', async () => {
    const one = await step('0001_one', 'create table one (id int)');
    const bad = await step('0002_bad', 'create table two (id int);\n\nselect * from no_such_table;');
    await expect(migrate(client, [one, bad])).rejects.toThrow(/0002_bad \(line 3\).*no_such_table/);
    expect(await exists('one')).toBe(true);
    expect(await exists('two')).toBe(false);
    const mended = await step('0002_bad', 'create table two (id int)');
    expect(await migrate(client, [one, mended])).toEqual(['0002_bad']);
  });

  it('refuses a step that was edited after it was applied, and changes nothing', async () => {
    await migrate(client, [await step('0001_one', 'create table one (id int)')]);
    const edited = await step('0001_one', 'create table one (id bigint)');
    const two = await step('0002_two', 'create table two (id int)');
    await expect(migrate(client, [edited, two])).rejects.toMatchObject({
      kind: 'conflict',
      code: 'database.altered',
    });
    expect(await exists('two')).toBe(false);
  });

  it('refuses a database that a newer version made, and changes nothing', async () => {
    const one = await step('0001_one', 'create table one (id int)');
    const two = await step('0002_two', 'create table two (id int)');
    await migrate(client, [one, two]);
    const other = await step('0003_other', 'create table three (id int)');
    await expect(migrate(client, [one, other])).rejects.toMatchObject({
      kind: 'conflict',
      code: 'database.newer',
    });
    expect(await exists('three')).toBe(false);
  });

  it('never slips a step in before one that is applied', async () => {
    const two = await step('0002_two', 'create table two (id int)');
    await migrate(client, [two]);
    const one = await step('0001_one', 'create table one (id int)');
    await expect(migrate(client, [one, two])).rejects.toMatchObject({ code: 'database.order' });
    expect(await exists('one')).toBe(false);
  });

  it('puts our tables into public, wherever the owner looks first', async () => {
    await client.query('create schema elsewhere; set search_path = elsewhere');
    await migrate(client, [await step('0001_one', 'create table one (id int)')]);
    expect(await exists('public.one')).toBe(true);
    expect(await exists('public.schema_migrations')).toBe(true);
  });

  it('shows the list of steps to none of the applications', async () => {
    await migrate(client, []);
    for (const url of [database.appUrl, database.systemUrl, database.queueUrl]) {
      await expect(
        withClient(url, (other) => other.query('select * from schema_migrations')),
      ).rejects.toMatchObject({
        code: '42501',
      });
    }
  });
});

describe('our own migrations', () => {
  it('have names that sort in the order of the list, each once', () => {
    const names = ours.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].toSorted());
  });
});
