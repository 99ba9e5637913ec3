export { AnswerQuestion, type AnsweredDecision } from './answer-question.js';
export { ConsentModule } from './consent.module.js';
export { ConsentRepository, type ConsentEvent } from './consent.repository.js';
export {
  consentActions,
  decide,
  reasons,
  type ConsentAction,
  type ConsentState,
  type DecisionState,
} from './domain/decide.js';
export { formatRevision } from './domain/revision.js';
export { planWithdrawalsJob } from './jobs.js';
export { ReadConsents, type ConsentView } from './read-consents.js';
export { RecordConsent, type ConsentInput, type RecordedConsent } from './record-consent.js';
