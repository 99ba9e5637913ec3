import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { createTestDatabase, firstMessage, runElsewhere, withClient } from './index.js';

describe('a test database', () => {
  it('is migrated, and shares nothing with its neighbours', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await withClient(one.ownerUrl, (client) => client.query('create table only_here (id int)'));
    const { rows } = await withClient(two.ownerUrl, (client) =>
      client.query("select to_regclass('only_here') as here, to_regclass('tenants')::text as tenants"),
    );
    expect(rows).toEqual([{ here: null, tenants: 'tenants' }]);
    await Promise.all([one.drop(), two.drop()]);
  });

  it('leaves neither a database nor a login when dropped, open connections or not', async () => {
    const database = await createTestDatabase();
    await withClient(database.appUrl, () => database.drop()).catch(() => undefined);
    const left = await withClient(inject('testServer').adminUrl, (client) =>
      client.query(
        'select datname from pg_database where datname = $1 union select rolname from pg_roles where rolname like $2',
        [database.name, `%${database.name}`],
      ),
    );
    expect(left.rows).toEqual([]);
  });

  it('is gone with its server when the run that made it is killed', async () => {
    const run = runElsewhere(join(import.meta.dirname, 'processes', 'test-server.ts'));
    const message = await firstMessage<{ adminUrl: string }>(run);
    await withClient(message.adminUrl, (client) => client.query('select 1'));
    run.kill('SIGKILL');
    await expect
      .poll(() => withClient(message.adminUrl, () => Promise.resolve('still there')).catch(() => 'gone'), {
        timeout: 10_000,
      })
      .toBe('gone');
    await rm(decodeURIComponent(new URL(message.adminUrl).hostname), {
      recursive: true,
      // The server answers nobody any more, and writes its last files.
      maxRetries: 20,
      retryDelay: 100,
    });
  });
});
