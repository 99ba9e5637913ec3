export {
  AnswerQuestions,
  type AnsweredDecision,
  type QuestionContext,
  type QuestionInput,
} from './answer-questions.js';
export { ExportConsents } from './bulk/export-consents.js';
export { ImportConsents } from './bulk/import-consents.js';
export { ConsentModule } from './consent.module.js';
export { ConsentRepository } from './consent.repository.js';
export {
  saidActions,
  toldActorKinds,
  type Actor,
  type ConsentEvent,
  type ConsentInput,
  type HistoricConsent,
  type SaidAction,
} from './domain/consent.js';
export { decisionRules } from './domain/decision-rules.js';
export type { RecordedConsent } from './domain/recorded.js';
export { formatRevision } from './domain/revision.js';
export type { Explanation } from './domain/explain.js';
export { ExplainDecisions } from './explain-decisions.js';
export { ExpireConsents } from './expire-consents.js';
export { FeedReplicas, parseShard } from './feed-replicas.js';
export { IssueRecords, RecordKeys, type IssuedRecord, type IssuedRecords } from './issue-records.js';
export { expireConsentsJob, planWithdrawalsJob } from './jobs.js';
export { ReadConsents, type ConsentView } from './read-consents.js';
export { ReadHistory } from './read-history.js';
export { MergePeople, ProtectChildren } from './relate-people.js';
export { RecordConsent } from './record-consent.js';
export { WithdrawEverything, type WithdrawalInput, type Withdrawn } from './withdraw-everything.js';
