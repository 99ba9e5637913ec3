import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { tenantId, type TenantId } from '#kernel';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { AppendEntries } from '../append-entries.js';
import { CreateLog } from '../create-log.js';
import { EndLog } from '../end-log.js';
import type { NewEntry } from '../domain/entry.js';
import { ExportLog } from '../export-log.js';
import { ledgerRows } from '../index.js';
import { IntegrateEntries, SignTree } from '../integrate-entries.js';
import { LedgerModule } from '../ledger.module.js';
import { LedgerRepository } from '../ledger.repository.js';
import { ReadLedger } from '../read-ledger.js';
import type { TileFolder } from '../tile-folder.js';
import { WriteTiles } from '../write-tiles.js';

@Module({})
class LedgerRoot {}

/** The library as a process wires it, under one role and publishing into one folder. */
export interface OpenLedger {
  readonly transactions: Transactions;
  readonly append: AppendEntries;
  readonly createLog: CreateLog;
  readonly endLog: EndLog;
  readonly integrate: IntegrateEntries;
  readonly read: ReadLedger;
  readonly exportLog: ExportLog;
  /** An integrator, reader and exporter over other tiles; they share the database. */
  over(tiles: TileFolder): Pick<OpenLedger, 'integrate' | 'read' | 'exportLog'>;
  close(): Promise<void>;
}

const masterKey = Buffer.alloc(32, 7);

export async function openLedger(url: string, folder: string, connections = 8): Promise<OpenLedger> {
  const app = await NestFactory.createApplicationContext(
    {
      module: LedgerRoot,
      imports: [
        DatabaseModule.forRole(url, ledgerRows, connections),
        RuntimeModule,
        OutboxModule,
        CryptoModule.withMasterKey(masterKey),
        LedgerModule.publishing(folder),
      ],
    },
    { logger: false, abortOnError: false },
  );
  const transactions = app.get(Transactions);
  const repository = app.get(LedgerRepository);
  return {
    transactions,
    append: app.get(AppendEntries),
    createLog: app.get(CreateLog),
    endLog: app.get(EndLog),
    integrate: app.get(IntegrateEntries),
    read: app.get(ReadLedger),
    exportLog: app.get(ExportLog),
    over: (tiles) => {
      const write = new WriteTiles(transactions, repository, tiles);
      return {
        integrate: new IntegrateEntries(transactions, repository, write, app.get(SignTree), tiles),
        read: new ReadLedger(transactions, repository, tiles),
        exportLog: new ExportLog(transactions, repository, tiles),
      };
    },
    close: () => app.close(),
  };
}

/** A tenant with an empty log. `addTenant` writes the tenant's own row. */
export async function startLog(
  ledger: OpenLedger,
  addTenant: (tenant: TenantId) => Promise<void>,
): Promise<{ readonly tenant: TenantId; readonly verifierKey: string }> {
  const tenant = tenantId(randomUUID());
  await addTenant(tenant);
  const { verifierKey } = await ledger.transactions.run(tenant, (tx) =>
    ledger.createLog.execute(tx, tenant, `log.example/${tenant}`),
  );
  return { tenant, verifierKey };
}

/** Appends so many small entries, a few thousand in a transaction; the last transaction's numbers. */
export async function appendMany(ledger: OpenLedger, tenant: TenantId, count: number): Promise<void> {
  for (let done = 0; done < count; done += 4_000) {
    const entries = Array.from({ length: Math.min(4_000, count - done) }, (_, index): NewEntry => ({
      kind: 'obligation.settled',
      data: { place: done + index },
    }));
    await ledger.transactions.run(tenant, (tx) => ledger.append.execute(tx, tenant, entries));
  }
}
