import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { tenantId, type JsonObject, type TenantId } from '#kernel';
import { CreateLog, LedgerModule, ledgerRows } from '#ledger';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { withClient } from './with-client.js';

@Module({})
class LibrariesRoot {}

/** An entry of a tenant's log as the public reads it. */
export interface ReadEntry {
  readonly kind: string;
  readonly data: JsonObject;
  /** The commitment to whom it is about. */
  readonly subject?: string;
}

/** Libraries wired as the API wires them, under its role unless another is asked for, and on a database of their own. */
export interface OpenLibraries {
  readonly database: TestDatabase;
  get<T>(provider: Type<T>): T;
  /** A tenant with an empty log; its slug is `t-` and its id. */
  newTenant(): Promise<TenantId>;
  /** The tenant's log, oldest first. */
  entries(tenant: TenantId): Promise<readonly ReadEntry[]>;
  close(): Promise<void>;
}

export async function openLibraries(
  modules: readonly Type<object>[],
  rows: readonly Type<object>[],
  role: 'app' | 'system' = 'app',
): Promise<OpenLibraries> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-libraries-'));
  const app = await NestFactory.createApplicationContext(
    {
      module: LibrariesRoot,
      imports: [
        DatabaseModule.forRole(
          role === 'app' ? database.appUrl : database.systemUrl,
          [...rows, ...ledgerRows],
          8,
        ),
        RuntimeModule,
        OutboxModule,
        CryptoModule.withMasterKey(randomBytes(32)),
        LedgerModule.publishing(folder),
        ...modules,
      ],
    },
    { logger: false, abortOnError: false },
  );
  const owner = (text: string, values: unknown[]) =>
    withClient(database.ownerUrl, (client) => client.query<{ entry: Buffer }>(text, values));
  return {
    database,
    get: (provider) => app.get(provider),
    newTenant: async () => {
      const tenant = tenantId(randomUUID());
      const slug = `t-${tenant}`;
      await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
        tenant,
        slug,
      ]);
      await app
        .get(Transactions)
        .run(tenant, (tx) => app.get(CreateLog).execute(tx, tenant, `log.example/${tenant}`));
      return tenant;
    },
    entries: async (tenant) => {
      const found = await owner('select entry from ledger_entries where tenant_id = $1 order by number', [
        tenant,
      ]);
      return found.rows.map(({ entry }) => JSON.parse(entry.toString('utf8')) as ReadEntry);
    },
    close: async () => {
      await app.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
