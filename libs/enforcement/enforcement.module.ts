import { Module } from '@nestjs/common';
import { ConsentModule } from '#consent';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { Act } from './act.js';
import { CompactStores, RecordCompaction } from './compact-stores.js';
import { FindLostWork } from './find-lost-work.js';
import { FindHolds } from './holds/find-holds.js';
import { HeldRepository } from './holds/held.repository.js';
import { HoldBack } from './holds/hold-back.js';
import { HoldPlanned } from './holds/hold-planned.js';
import { CheckScope, FindInFlight, PlaceHold } from './holds/place-hold.js';
import { EndHolds, ReleaseHeld, ResumeWork } from './holds/release-held.js';
import { ReviewSweeps } from './holds/review-sweeps.js';
import { Succeed } from './holds/succeed.js';
import { BacklogRepository } from './lanes/backlog.repository.js';
import { CallStores } from './lanes/call-stores.js';
import { ClaimDue } from './lanes/claim-due.js';
import { ControlsRepository } from './lanes/controls.repository.js';
import { DueRepository } from './lanes/due.repository.js';
import { FindIdleLanes } from './lanes/find-idle.js';
import { ChangePause, PauseStore, ResumeStore } from './lanes/pause-store.js';
import { ReadControls } from './lanes/read-controls.js';
import { ReadFlows } from './lanes/read-flows.js';
import { Rest } from './lanes/rest.js';
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
    ControlsRepository,
    DueRepository,
    BacklogRepository,
    ReadFlows,
    ClaimDue,
    Rest,
    CallStores,
    ChangePause,
    PauseStore,
    ResumeStore,
    ReadControls,
    FindIdleLanes,
    RecordCompaction,
    RescansRepository,
    HeldRepository,
    FindHolds,
    ReviewSweeps,
    HoldBack,
    HoldPlanned,
    Succeed,
    CheckScope,
    FindInFlight,
    PlaceHold,
    EndHolds,
    ResumeWork,
    ReleaseHeld,
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
    PauseStore,
    ResumeStore,
    ReadControls,
    ObligationsRepository,
    PlanObligations,
    PlanWithdrawals,
    PlanSweep,
    RunLane,
    RescanStores,
    RequestRescan,
    ReadObligations,
    FindLostWork,
    FindHolds,
    PlaceHold,
    EndHolds,
    ReleaseHeld,
  ],
})
export class EnforcementModule {}
