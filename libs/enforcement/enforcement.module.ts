import { Module } from '@nestjs/common';
import { ConsentModule } from '#consent';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { Act } from './act.js';
import { CompactStores } from './compaction/compact-stores.js';
import { LevelsRepository } from './compaction/levels.repository.js';
import { RaiseLevels, RecordCompaction } from './compaction/record-compaction.js';
import { ContinueWork } from './continue-work.js';
import { ContinueFailed } from './dead-letters/continue-failed.js';
import { DeadLettersRepository } from './dead-letters/dead-letters.repository.js';
import { CloseFailed, RecordDeadLetters, RetryFailed } from './dead-letters/retry-failed.js';
import { FindLostWork } from './find-lost-work.js';
import { FindHolds } from './holds/find-holds.js';
import { HeldRepository } from './holds/held.repository.js';
import { FindPeople } from './holds/find-people.js';
import { HoldBack } from './holds/hold-back.js';
import { HoldPlanned } from './holds/hold-planned.js';
import { CheckScope, FindInFlight, PlaceHold } from './holds/place-hold.js';
import { EndHolds, ReleaseHeld, ResumeWork } from './holds/release-held.js';
import { ReviewSuccessors } from './holds/review-successors.js';
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
import { ObligationPagesRepository } from './obligation-pages.repository.js';
import { ObligationsRepository } from './obligations.repository.js';
import { PlanObligations, RecordPlan } from './plan-obligations.js';
import { PlanSweep } from './plan-sweep.js';
import { PlanWithdrawals, TakeWithdrawals } from './plan-withdrawals.js';
import { CountParts } from './preview/count-parts.js';
import { DrawPlan } from './preview/draw-plan.js';
import { PreviewPlan } from './preview/preview-plan.js';
import { ClaimReadBacks } from './read-back/claim-read-backs.js';
import { LookAgain } from './read-back/look-again.js';
import { ReadBack } from './read-back/read-back.js';
import { ReadBacksRepository } from './read-back/read-backs.repository.js';
import { RecordReadBacks, SettleReadBacks } from './read-back/settle-read-backs.js';
import { TakeReadBacks } from './read-back/take-read-backs.js';
import { ReadObligations } from './read-obligations.js';
import { PlanReappearance, RequestRescan, RescanStores, ScanDataset } from './rescan-stores.js';
import { RescansRepository } from './rescans.repository.js';
import { HoldLane } from './hold-lane.js';
import { RunLane } from './run-lane.js';
import { RecordOutcomes, SettleBatch } from './settle-batch.js';
import { ReadWarrants, TakeBatch } from './take-batch.js';
import { WhenIdle } from './when-idle.js';
import { WriteOutcomes } from './write-outcomes.js';
import { WorkOff } from './work-off.js';

@Module({
  imports: [SubjectsModule, PolicyModule, ConsentModule, StoresModule],
  providers: [
    ObligationsRepository,
    ObligationPagesRepository,
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
    LevelsRepository,
    RaiseLevels,
    RecordCompaction,
    RescansRepository,
    HeldRepository,
    FindHolds,
    FindPeople,
    ReviewSuccessors,
    HoldBack,
    HoldPlanned,
    Succeed,
    CheckScope,
    FindInFlight,
    PlaceHold,
    EndHolds,
    ResumeWork,
    ReleaseHeld,
    ContinueWork,
    DeadLettersRepository,
    RecordDeadLetters,
    RetryFailed,
    CloseFailed,
    ContinueFailed,
    RecordPlan,
    DrawPlan,
    CountParts,
    PreviewPlan,
    PlanObligations,
    TakeWithdrawals,
    PlanWithdrawals,
    PlanSweep,
    ReadWarrants,
    TakeBatch,
    Act,
    WriteOutcomes,
    RecordOutcomes,
    SettleBatch,
    HoldLane,
    CompactStores,
    ReadBacksRepository,
    ClaimReadBacks,
    TakeReadBacks,
    LookAgain,
    RecordReadBacks,
    SettleReadBacks,
    ReadBack,
    WhenIdle,
    RunLane,
    WorkOff,
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
    PreviewPlan,
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
    RetryFailed,
    CloseFailed,
    ContinueFailed,
  ],
})
export class EnforcementModule {}
