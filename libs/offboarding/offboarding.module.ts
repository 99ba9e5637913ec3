import { Module } from '@nestjs/common';
import { AccessModule } from '#access';
import { ConsentModule } from '#consent';
import { EnforcementModule } from '#enforcement';
import { PolicyModule } from '#policy';
import { RequestsModule } from '#requests';
import { SubjectsModule } from '#subjects';
import { BeginErasure } from './begin-erasure.js';
import { BeginOffboarding, CountOpenWork } from './begin-offboarding.js';
import { CancelOffboarding } from './cancel-offboarding.js';
import { EraseTenant } from './erase-tenant.js';
import { ExportTenant, ReadEverything } from './export-tenant.js';
import { ExportRepository } from './export.repository.js';
import { OffboardingRepository } from './offboarding.repository.js';
import { ReadOffboarding } from './read-offboarding.js';
import { WorkUnlessErasing } from './work-unless-erasing.js';

/** What a tenant's administrator asks for. */
@Module({
  imports: [AccessModule, SubjectsModule, PolicyModule, ConsentModule, EnforcementModule, RequestsModule],
  providers: [
    OffboardingRepository,
    ExportRepository,
    CountOpenWork,
    BeginOffboarding,
    CancelOffboarding,
    ReadOffboarding,
    ReadEverything,
    ExportTenant,
    BeginErasure,
  ],
  exports: [BeginOffboarding, CancelOffboarding, ReadOffboarding, ExportTenant, BeginErasure],
})
export class OffboardingModule {}

/** What a worker does. */
@Module({
  providers: [OffboardingRepository, EraseTenant, WorkUnlessErasing],
  exports: [OffboardingRepository, EraseTenant, WorkUnlessErasing],
})
export class ErasureModule {}
