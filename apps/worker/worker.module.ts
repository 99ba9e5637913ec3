import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ConsentModule } from '#consent';
import { EnforcementModule, RescanRow } from '#enforcement';
import { ImpactModule, PolicyPlanRow } from '#impact';
import { LedgerModule, ledgerRows } from '#ledger';
import { ErasureModule } from '#offboarding';
import type { ProcessConfig } from '#platform/config';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { QueueModule } from '#platform/queue';
import { Regions, RuntimeModule } from '#platform/runtime';
import { TelemetryModule, type Log } from '#platform/telemetry';
import { HoldRow, PolicyRow } from '#policy';
import { ReceiptRow, RequestPreviewRow, RequestRow, RequestsModule } from '#requests';
import { RetentionModule, SweepRow } from '#retention';
import { StoreRow, StoresModule } from '#stores';
import { HandleJobs } from './handle-jobs.js';
import { Handlers, PolicyHandlers, RequestHandlers, StoreHandlers, UpkeepHandlers } from './handlers.js';
import { MeasureWork } from './measure-work.js';
import { LanesProcessor, LedgerProcessor, PlansProcessor } from './processors.js';
import { LostBells, LostDecisions, LostTenantWork, Reconcile, RelayBells } from './relay-bells.js';
import { Stopping } from './stopping.js';

const rows = [
  PolicyRow,
  PolicyPlanRow,
  HoldRow,
  StoreRow,
  RescanRow,
  RequestRow,
  ReceiptRow,
  RequestPreviewRow,
  SweepRow,
  ...ledgerRows,
];

/** The queue side: processors over the domain libraries, connected as the role of relay, integrator and lanes. */
@Module({})
export class WorkerModule {
  static with(config: ProcessConfig, log: Log): DynamicModule {
    const backend =
      config.redisUrl === undefined
        ? { kind: 'postgres' as const, url: config.queueDatabaseUrl }
        : { kind: 'redis' as const, url: config.redisUrl, prefix: 'lethe' };
    return {
      module: WorkerModule,
      imports: [
        DiscoveryModule,
        RuntimeModule.for({
          beats: config.beats,
          regions: new Regions(config.regions.length === 0 ? undefined : config.regions),
        }),
        TelemetryModule.logging(log),
        CryptoModule.withMasterKey(config.masterKey),
        DatabaseModule.forRole(config.systemDatabaseUrl, rows, 10),
        OutboxModule,
        QueueModule.on(backend),
        LedgerModule.publishing(config.ledgerFolder),
        ConsentModule,
        StoresModule,
        EnforcementModule,
        RequestsModule,
        RetentionModule,
        ImpactModule,
        ErasureModule,
      ],
      providers: [
        Stopping,
        StoreHandlers,
        PolicyHandlers,
        RequestHandlers,
        UpkeepHandlers,
        Handlers,
        HandleJobs,
        LanesProcessor,
        PlansProcessor,
        LedgerProcessor,
        LostTenantWork,
        LostDecisions,
        LostBells,
        MeasureWork,
        Reconcile,
        RelayBells,
      ],
    };
  }
}
