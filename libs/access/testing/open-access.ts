import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import { tenantId, type Clock } from '#kernel';
import { CreateLog, LedgerModule, ledgerRows } from '#ledger';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { callerOf } from '#testing';
import { AccessModule } from '../access.module.js';
import { Caller } from '../domain/caller.js';
import type { Role } from '../domain/roles.js';
import { IssuerKeys } from '../issuer-keys.js';
import { Issuers } from '../issuers.js';
import { ApiKeyRow } from '../rows/api-key.row.js';
import { IssuerRow } from '../rows/issuer.row.js';
import { TenantRow } from '../rows/tenant.row.js';
import { TrustedIssuers } from '../trusted-issuers.js';
import { VerifyToken } from '../verify-token.js';

const leaf = z.object({ data: z.unknown() });
const entries = z.array(
  z
    .object({ kind: z.string(), entry: z.instanceof(Buffer) })
    .transform(({ kind, entry }) => ({ kind, data: leaf.parse(JSON.parse(entry.toString('utf8'))).data })),
);

@Module({})
class AccessRoot {}

/** The library as the API wires it. */
export interface OpenAccess {
  readonly issuers: Issuers;
  /** One that has fetched no keys yet. */
  verifier(clock: Clock): VerifyToken;
  /** A tenant with an empty log, and somebody in it. */
  newTenant(): Promise<Caller>;
  as(tenant: Caller, ...roles: readonly Role[]): Caller;
  /** What the tenant's ledger says of issuers, oldest first. */
  entries(tenant: Caller): Promise<readonly { readonly kind: string; readonly data: unknown }[]>;
  close(): Promise<void>;
}

function newCaller(): Caller {
  return callerOf(tenantId(randomUUID()));
}

/** `owner` runs a statement as the database's owner and answers its rows. */
export async function openAccess(
  appUrl: string,
  owner: (text: string, values: unknown[]) => Promise<readonly unknown[]>,
): Promise<OpenAccess> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-access-'));
  const app = await NestFactory.createApplicationContext(
    {
      module: AccessRoot,
      imports: [
        DatabaseModule.forRole(appUrl, [TenantRow, ApiKeyRow, IssuerRow, ...ledgerRows], 4),
        RuntimeModule,
        OutboxModule,
        CryptoModule.withMasterKey(randomBytes(32)),
        LedgerModule.publishing(folder),
        AccessModule,
      ],
    },
    { logger: false, abortOnError: false },
  );
  const as = (tenant: Caller, ...roles: readonly Role[]) => new Caller({ ...tenant.principal, roles });
  return {
    issuers: app.get(Issuers),
    verifier: (clock) => new VerifyToken(app.get(TrustedIssuers), new IssuerKeys(), clock),
    as,
    newTenant: async () => {
      const caller = newCaller();
      const { tenant } = caller;
      await owner("insert into tenants (id, slug, name, created_at) values ($1, $2, 'Test', now())", [
        tenant,
        `t-${tenant}`,
      ]);
      const createLog = app.get(CreateLog, { strict: false });
      await app.get(Transactions).run(tenant, (tx) => createLog.execute(tx, tenant, `log.example/${tenant}`));
      return caller;
    },
    entries: async ({ tenant }) => {
      const found = await owner(
        "select kind, entry from ledger_entries where tenant_id = $1 and kind like 'issuer.%' order by number",
        [tenant],
      );
      return entries.parse(found);
    },
    close: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
