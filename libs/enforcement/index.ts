export { ContinueFailed } from './dead-letters/continue-failed.js';
export { CloseFailed, RetryFailed } from './dead-letters/retry-failed.js';
export { circuitStates } from './domain/circuit.js';
export { currentParts, type CameBack } from './domain/held.js';
export { outcomes } from './domain/outcome.js';
export { isUncounted, previewActions, totalsOf } from './domain/preview.js';
export { EnforcementModule } from './enforcement.module.js';
export { FindLostWork } from './find-lost-work.js';
export { FindHolds, type HeldSweep } from './holds/find-holds.js';
export { PlaceHold, type PlacedHold } from './holds/place-hold.js';
export { EndHolds, ReleaseHeld } from './holds/release-held.js';
export {
  continueFailedJob,
  requestsSettledJob,
  rescanStoresJob,
  sweepsSettledJob,
  wakeLaneJob,
} from './jobs.js';
export type { Backlog } from './lanes/backlog.repository.js';
export { PauseStore, ResumeStore, type PausedStore } from './lanes/pause-store.js';
export { ReadControls, type StoreView } from './lanes/read-controls.js';
export { obligationStates } from './obligation-pages.repository.js';
export type { Obligation } from './obligation.js';
export { ObligationsRepository } from './obligations.repository.js';
export { PlanObligations } from './plan-obligations.js';
export type { PlannedPerson } from './preview/draw-plan.js';
export { PreviewPlan, type NamedPart } from './preview/preview-plan.js';
export { PlanSweep } from './plan-sweep.js';
export { PlanWithdrawals } from './plan-withdrawals.js';
export { ReadObligations } from './read-obligations.js';
export { RequestRescan, RescanStores } from './rescan-stores.js';
export { RescanRow } from './rows/rescan.row.js';
export { RunLane } from './run-lane.js';
