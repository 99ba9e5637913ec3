import { Module } from '@nestjs/common';
import { EnforcementModule } from '#enforcement';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { ReadDueSweeps, RequestSweeps } from './request-sweeps.js';
import { CountSweep, RecordSweep, RunSweeps, SettleSweeps, StartSweep } from './run-sweeps.js';
import { SweepsRepository } from './sweeps.repository.js';

@Module({
  imports: [PolicyModule, StoresModule, EnforcementModule],
  providers: [
    SweepsRepository,
    ReadDueSweeps,
    RequestSweeps,
    RecordSweep,
    StartSweep,
    CountSweep,
    RunSweeps,
    SettleSweeps,
  ],
  exports: [SweepsRepository, RequestSweeps, RunSweeps, SettleSweeps],
})
export class RetentionModule {}
