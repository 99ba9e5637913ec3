import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { AccessModule, ApiKeyRow, BreakGlassRow, IssuerRow, TenantRow } from '#access';
import { ConsentModule } from '#consent';
import { EnforcementModule, RescanRow } from '#enforcement';
import { ImpactModule, PolicyPlanRow } from '#impact';
import { LedgerModule, ledgerRows } from '#ledger';
import { OffboardingModule } from '#offboarding';
import type { ProcessConfig } from '#platform/config';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { TelemetryModule, type Log } from '#platform/telemetry';
import { HoldRow, PolicyModule, PolicyRow } from '#policy';
import { ReceiptRow, RequestPreviewRow, RequestRow, RequestsModule } from '#requests';
import { RetentionModule, SweepRow } from '#retention';
import { StoreRow, StoresModule } from '#stores';
import { DisclosureRow, SubjectsModule } from '#subjects';
import { AccessController } from './access/access.controller.js';
import { BreakGlassController } from './access/break-glass.controller.js';
import { IssuersController } from './access/issuers.controller.js';
import { BulkController } from './consents/bulk.controller.js';
import { ConsentsController } from './consents/consents.controller.js';
import { RecordsController } from './consents/records.controller.js';
import { SubjectConsentsController } from './consents/subject-consents.controller.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { HealthController } from './health/health.controller.js';
import { HoldsController } from './holds/holds.controller.js';
import { AccessGuard } from './http/access.guard.js';
import { AdmitCaller } from './http/admit-caller.js';
import { KnowPerson } from './http/know-person.js';
import { ProblemFilter } from './http/problem.filter.js';
import { createValidationPipe } from './http/validation.js';
import { LedgerController } from './ledger/ledger.controller.js';
import { PlansController, PoliciesController } from './policies/policies.controller.js';
import { ReplicaController } from './replica/replica.controller.js';
import { ObligationsController } from './obligations/obligations.controller.js';
import { PreviewsController } from './requests/previews.controller.js';
import { RequestsController } from './requests/requests.controller.js';
import { SweepsController } from './retention/sweeps.controller.js';
import { StorePausesController, StoresController } from './stores/stores.controller.js';
import { DisclosuresController } from './subjects/disclosures.controller.js';
import { RelationsController } from './subjects/relations.controller.js';
import { SubjectsController } from './subjects/subjects.controller.js';
import { ErasureController, OffboardingController } from './tenants/tenants.controller.js';

const rows = [
  TenantRow,
  ApiKeyRow,
  IssuerRow,
  BreakGlassRow,
  DisclosureRow,
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

const controllers = [
  AccessController,
  IssuersController,
  BreakGlassController,
  PoliciesController,
  PlansController,
  HoldsController,
  StoresController,
  StorePausesController,
  SubjectsController,
  RelationsController,
  DisclosuresController,
  BulkController,
  ConsentsController,
  SubjectConsentsController,
  RecordsController,
  DecisionsController,
  ReplicaController,
  PreviewsController,
  RequestsController,
  ObligationsController,
  SweepsController,
  OffboardingController,
  ErasureController,
  LedgerController,
  HealthController,
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
        ImpactModule,
        ConsentModule,
        StoresModule,
        EnforcementModule,
        RequestsModule,
        RetentionModule,
        OffboardingModule,
      ],
      controllers,
      providers: [
        AdmitCaller,
        KnowPerson,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
