import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AccessModule, ApiKeyRow, TenantRow } from '#access';
import { ConsentModule } from '#consent';
import { EnforcementModule, RescanRow } from '#enforcement';
import { LedgerModule, ledgerRows } from '#ledger';
import type { ProcessConfig } from '#platform/config';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { TelemetryModule, type Log } from '#platform/telemetry';
import { PolicyModule, PolicyRow } from '#policy';
import { ReceiptRow, RequestRow, RequestsModule } from '#requests';
import { RetentionModule, SweepRow } from '#retention';
import { StoreRow, StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { AccessController } from './access/access.controller.js';
import { ConsentsController } from './consents/consents.controller.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { HealthController } from './health/health.controller.js';
import { AccessGuard } from './http/access.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { createValidationPipe } from './http/validation.js';
import { LedgerController } from './ledger/ledger.controller.js';
import { PoliciesController } from './policies/policies.controller.js';
import { RequestsController } from './requests/requests.controller.js';
import { SweepsController } from './retention/sweeps.controller.js';
import { StoresController } from './stores/stores.controller.js';
import { SubjectsController } from './subjects/subjects.controller.js';

const rows = [
  TenantRow,
  ApiKeyRow,
  PolicyRow,
  StoreRow,
  RescanRow,
  RequestRow,
  ReceiptRow,
  SweepRow,
  ...ledgerRows,
];

/** The HTTP side: controllers over the domain libraries, connected as the role that sees one tenant at a time. */
@Module({})
export class ApiModule {
  static with(config: ProcessConfig, log: Log): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        DiscoveryModule,
        RuntimeModule,
        TelemetryModule.logging(log),
        CryptoModule.withMasterKey(config.masterKey),
        DatabaseModule.forRole(config.appDatabaseUrl, rows, 8),
        OutboxModule,
        LedgerModule.publishing(config.ledgerFolder),
        AccessModule,
        SubjectsModule,
        PolicyModule,
        ConsentModule,
        StoresModule,
        EnforcementModule,
        RequestsModule,
        RetentionModule,
      ],
      controllers: [
        AccessController,
        PoliciesController,
        StoresController,
        SubjectsController,
        ConsentsController,
        DecisionsController,
        RequestsController,
        SweepsController,
        LedgerController,
        HealthController,
      ],
      providers: [
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
