import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { dropLogins, prepareLogins } from '#platform/database';
import { template, type TestServer } from './start-test-server.js';
import { withClient } from './with-client.js';

/** A migrated database of one's own: a clone of the template, with its own logins. */
export interface TestDatabase {
  readonly name: string;
  /** The superuser, who owns everything and whom row-level security does not bind. For arranging, never for what is tested. */
  readonly ownerUrl: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly queueUrl: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: { readonly adminUrl: string; readonly failure: string | null };
  }
}

/** Clones the template (about 15 ms). The server is the run's own, unless another is given. */
export async function createTestDatabase(
  server: Pick<TestServer, 'adminUrl' | 'failure'> = inject('testServer'),
): Promise<TestDatabase> {
  if (server.failure !== null) throw new Error(`There is no test database: ${server.failure}`);
  const name = `test_${randomBytes(8).toString('hex')}`;
  const ownerUrl = databaseUrl(server.adminUrl, name);
  await withClient(server.adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  const urls = await withClient(ownerUrl, (client) => prepareLogins(client, ownerUrl, () => 'test'));
  const drop = () =>
    withClient(server.adminUrl, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`);
      await dropLogins(client, name);
    });
  return { name, ownerUrl, ...urls, drop };
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
