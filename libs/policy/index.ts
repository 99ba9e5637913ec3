export { ApplyPolicy, digestOf } from './apply-policy.js';
export { cutOff } from './domain/calendar.js';
export { compilePolicy } from './domain/compiled-policy.js';
export type { Controller } from './domain/controller.js';
export { deadlineOf, readBackAt } from './domain/clocks.js';
export { composePolicy, parsePolicy, type ComposedPolicy, type PolicyFile } from './domain/compose-policy.js';
export { diffPolicies, type Change } from './domain/diff-policies.js';
export { govern, type GovernedStore, type GovernedWorld } from './domain/govern.js';
export type { Disposal, Finding, GovernedDataset, SweepStep } from './domain/governed.js';
export { checkHold, holdBases, holdStates, longestOf, type Hold, type HoldScope } from './domain/hold.js';
export { parseCases, runCase, type CaseResult } from './domain/policy-case.js';
export {
  policyJsonSchema,
  policySchema,
  type AppliedPolicy,
  type Policy,
  type Purpose,
} from './domain/policy.js';
export { purposeSignalsSchema, type OptOut, type PurposeSignalRules } from './domain/signal-rules.js';
export { HoldsRepository, type HeldIdentifier, type NamedIdentifier } from './holds/holds.repository.js';
export { holdsOverJob } from './holds/jobs.js';
export { LiftHold, RecordHolds } from './holds/lift-hold.js';
export { ReadHolds, type HoldView } from './holds/read-holds.js';
export type { PolicyVersion, StoredPolicy } from './policies.repository.js';
export { PoliciesRepository } from './policies.repository.js';
export { PolicyModule } from './policy.module.js';
export { readPacks } from './read-packs.js';
export { ReadPolicy } from './read-policy.js';
export { HoldRow } from './rows/hold.row.js';
export { PolicyRow } from './rows/policy.row.js';
