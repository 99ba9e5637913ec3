import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from '#platform/config';
import { findPostgres, startPostgres, type EmbeddedPostgres } from '#platform/embedded';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { runOperatorKey } from './operator-key.js';
import { prepareDatabase } from './prepare-database.js';

let home: string;
let said: string[];
const nowhere = { databaseUrl: undefined, masterKey: undefined };
const say = (line: string) => void said.push(line);
const prefixOf = (key: string | undefined) => key?.split('_')[1] ?? '';

interface KeyRow {
  readonly name: string;
  readonly role: string;
  readonly tenant_id: string | null;
  readonly prefix: string;
  readonly revoked: boolean;
}

const keysIn = (url: string) =>
  withClient(url, async (client) => {
    const { rows } = await client.query<KeyRow>(
      'select name, role, tenant_id, prefix, revoked_at is not null as revoked from api_keys order by id',
    );
    return rows;
  });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-operator-'));
  said = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('lethe operator-key, on a PostgreSQL of one’s own', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  const run = (options: { name?: string; revoke?: string }) =>
    runOperatorKey(
      { databaseUrl: database.ownerUrl, masterKey: undefined, dataFolder: join(home, 'none') },
      { name: undefined, ...options },
      say,
    );

  it('issues a key for everyone who asks, prints it and nothing else, and keeps its hash only', async () => {
    expect(await run({ name: 'Alice' })).toBe(0);
    expect(await run({ name: 'Bob' })).toBe(0);
    expect(said).toEqual([expect.stringMatching(/^lethe_[0-9a-f]{12}_[\w-]{43}$/), expect.anything()]);
    const operator = { role: 'operator', tenant_id: null, revoked: false };
    expect(await keysIn(database.ownerUrl)).toEqual([
      { ...operator, name: 'Alice', prefix: prefixOf(said[0]) },
      { ...operator, name: 'Bob', prefix: prefixOf(said[1]) },
    ]);
    const rows = await withClient(database.ownerUrl, (client) => client.query('select * from api_keys'));
    expect(JSON.stringify(rows.rows)).not.toContain(said[0]?.slice(-43));
    expect(existsSync(join(home, 'none'))).toBe(false);
  });

  it('revokes the one key that is named, once', async () => {
    await run({ name: 'Alice' });
    await run({ name: 'Bob' });
    const prefix = prefixOf(said[0]);
    await run({ revoke: prefix });
    expect(said[2]).toBe(`The operator's key ${prefix} (Alice) is revoked.`);
    expect((await keysIn(database.ownerUrl)).map(({ revoked }) => revoked)).toEqual([true, false]);
    await expect(run({ revoke: prefix })).rejects.toMatchObject({ code: 'key.unknown' });
  });

  it('revokes no key of a tenant', async () => {
    const [tenant, prefix] = [randomUUID(), '0123456789ab'];
    await withClient(database.ownerUrl, async (client) => {
      await client.query("insert into tenants (id, slug, name, created_at) values ($1, 'acme', 'A', now())", [
        tenant,
      ]);
      await client.query(
        `insert into api_keys (id, tenant_id, prefix, secret_hash, role, name, created_at)
         values ($1, $2, $3, 'x', 'administrator', 'theirs', now())`,
        [randomUUID(), tenant, prefix],
      );
    });
    for (const revoke of [prefix, '', '%', "' or true --"])
      await expect(run({ revoke }), revoke).rejects.toMatchObject({ code: 'key.unknown' });
    expect(await keysIn(database.ownerUrl)).toMatchObject([{ name: 'theirs', revoked: false }]);
  });

  it.each([
    ['nothing', {}, 'operator_key.usage'],
    ['both', { name: 'a', revoke: 'b' }, 'operator_key.usage'],
    ['an empty name', { name: '' }, 'key.name_invalid'],
    ['a blank name', { name: '  ' }, 'key.name_invalid'],
    ['a name of two lines', { name: 'a\nb' }, 'key.name_invalid'],
    ['a name that is too long', { name: 'x'.repeat(201) }, 'key.name_invalid'],
  ])('refuses %s', async (_, options, code) => {
    await expect(run(options)).rejects.toMatchObject({ code });
    expect(said).toEqual([]);
    expect(await keysIn(database.ownerUrl)).toEqual([]);
  });
});

describe('lethe operator-key, on a data folder', () => {
  const masterKey = randomBytes(32);
  let folder: DataFolder;
  let postgres: EmbeddedPostgres;

  /** As `lethe start` leaves it running. */
  beforeEach(async () => {
    folder = await openDataFolder(join(home, 'data'), masterKey);
    postgres = await startPostgres({ folder: folder.postgresFolder, durable: false });
    await postgres.ensureDatabase('lethe');
    await prepareDatabase(postgres.url('lethe'), masterKey);
  });
  afterEach(async () => {
    await postgres.stop();
    await folder.close();
  });

  const run = (options: { name?: string; revoke?: string }, dataFolder = join(home, 'data')) =>
    runOperatorKey({ ...nowhere, masterKey, dataFolder }, { name: undefined, ...options }, say);

  it('uses the server that runs, and leaves it running', async () => {
    await run({ name: 'Alice' });
    await run({ name: 'Bob' });
    await run({ revoke: prefixOf(said[1]) });
    expect(await keysIn(postgres.url('lethe'))).toMatchObject([
      { name: 'Alice', revoked: false },
      { name: 'Bob', revoked: true },
    ]);
  });

  it('starts the server when none runs, and stops it again', async () => {
    await postgres.stop();
    await folder.close();
    expect(await findPostgres(folder.postgresFolder)).toBeNull();
    await run({ name: 'Alice' });
    expect(await findPostgres(folder.postgresFolder)).toBeNull();
    await expect(run({ revoke: 'unknown' })).rejects.toMatchObject({ code: 'key.unknown' });
    expect(await findPostgres(folder.postgresFolder)).toBeNull();
    // The folder is free for the next start.
    folder = await openDataFolder(join(home, 'data'), masterKey);
    postgres = await startPostgres({ folder: folder.postgresFolder, durable: false });
    expect(await keysIn(postgres.url('lethe'))).toMatchObject([
      { name: 'Alice', prefix: prefixOf(said[0]), revoked: false },
    ]);
  });

  it('says who has the folder open when its server is not there yet', async () => {
    await postgres.stop();
    await expect(run({ name: 'Alice' })).rejects.toMatchObject({ code: 'data_folder.in_use' });
  });

  it('makes no data folder where none is', async () => {
    const missing = join(home, 'missing');
    await expect(run({ name: 'Alice' }, missing)).rejects.toMatchObject({ code: 'data_folder.no_database' });
    expect(existsSync(missing)).toBe(false);
  });
});
