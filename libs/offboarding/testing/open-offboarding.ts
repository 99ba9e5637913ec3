import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApiKeyRow, Caller, IssuerRow, TenantRow } from '#access';
import type { TenantId } from '#kernel';
import { AppendEntries, CreateLog, LedgerModule, ledgerRows } from '#ledger';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { Log, TelemetryModule } from '#platform/telemetry';
import { HoldRow, PolicyRow } from '#policy';
import { ReceiptRow, RequestRow } from '#requests';
import { StoreRow } from '#stores';
import { ResolveSubjects } from '#subjects';
import { callerOf } from '#testing';
import { BeginErasure } from '../begin-erasure.js';
import { BeginOffboarding } from '../begin-offboarding.js';
import { CancelOffboarding } from '../cancel-offboarding.js';
import { EraseTenant } from '../erase-tenant.js';
import { ExportTenant } from '../export-tenant.js';
import { ErasureModule, OffboardingModule } from '../offboarding.module.js';

@Module({})
class Root {}

const masterKey = Buffer.alloc(32, 9);
const rows = [
  TenantRow,
  ApiKeyRow,
  IssuerRow,
  PolicyRow,
  HoldRow,
  StoreRow,
  RequestRow,
  ReceiptRow,
  ...ledgerRows,
];

/** The library as a process wires it, under one role. */
export async function openOffboarding(url: string, folder: string) {
  const app = await NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [
        DatabaseModule.forRole(url, rows, 4),
        RuntimeModule,
        TelemetryModule.logging(Log.to('test', 'silent')),
        OutboxModule,
        CryptoModule.withMasterKey(masterKey),
        LedgerModule.publishing(folder),
        OffboardingModule,
        ErasureModule,
      ],
    },
    { logger: false, abortOnError: false },
  );
  const append = app.get(AppendEntries, { strict: false });
  const createLog = app.get(CreateLog, { strict: false });
  const transactions = app.get(Transactions, { strict: false });
  return {
    transactions,
    append,
    begin: app.get(BeginOffboarding),
    cancel: app.get(CancelOffboarding),
    exportTenant: app.get(ExportTenant),
    beginErasure: app.get(BeginErasure),
    eraseTenant: app.get(EraseTenant),
    resolve: app.get(ResolveSubjects, { strict: false }),
    /** A log with a first entry, for a tenant whose row is there. */
    startLog: (tenant: TenantId) =>
      transactions.run(tenant, async (tx) => {
        const { verifierKey } = await createLog.execute(tx, tenant, `log.example/${tenant}`);
        await append.execute(tx, tenant, [{ kind: 'tenant.created', data: {} }]);
        return verifierKey;
      }),
    /** The context, for what a test puts together by itself. */
    app,
    close: () => app.close(),
  };
}

export type OpenOffboarding = Awaited<ReturnType<typeof openOffboarding>>;

/** The tenant's administrator. */
export function administrator(tenant: TenantId): Caller {
  return callerOf(tenant);
}
