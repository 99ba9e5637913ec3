import { Module } from '@nestjs/common';
import { ConsentModule } from '#consent';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { Act } from './act.js';
import { CompactStores } from './compact-stores.js';
import { FindLostWork } from './find-lost-work.js';
import { LanesRepository } from './lanes.repository.js';
import { ObligationsRepository } from './obligations.repository.js';
import { PlanObligations, RecordPlan } from './plan-obligations.js';
import { PlanSweep } from './plan-sweep.js';
import { PlanWithdrawals, TakeWithdrawals } from './plan-withdrawals.js';
import { ReadObligations } from './read-obligations.js';
import { PlanReappearance, RequestRescan, RescanStores, ScanDataset } from './rescan-stores.js';
import { RescansRepository } from './rescans.repository.js';
import { HoldLane, RunLane } from './run-lane.js';
import { RecordOutcomes, SettleBatch } from './settle-batch.js';
import { ReadWarrants, TakeBatch } from './take-batch.js';

@Module({
  imports: [SubjectsModule, PolicyModule, ConsentModule, StoresModule],
  providers: [
    ObligationsRepository,
    LanesRepository,
    RescansRepository,
    RecordPlan,
    PlanObligations,
    TakeWithdrawals,
    PlanWithdrawals,
    PlanSweep,
    ReadWarrants,
    TakeBatch,
    Act,
    RecordOutcomes,
    SettleBatch,
    HoldLane,
    CompactStores,
    RunLane,
    PlanReappearance,
    ScanDataset,
    RescanStores,
    RequestRescan,
    ReadObligations,
    FindLostWork,
  ],
  exports: [
    ObligationsRepository,
    PlanObligations,
    PlanWithdrawals,
    PlanSweep,
    RunLane,
    RescanStores,
    RequestRescan,
    ReadObligations,
    FindLostWork,
  ],
})
export class EnforcementModule {}
