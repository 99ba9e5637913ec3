export {
  consentActions,
  decide,
  holdsNow,
  type ConsentAction,
  type ConsentsByPurpose,
  type ConsentState,
  type Decision,
  type DecisionState,
  type PastState,
  type Unreadable,
} from './domain/decide.js';
export { normaliseValue } from './domain/identifiers.js';
export { KeyedHasher } from './domain/keyed-hash.js';
export { reasons, reasonSentences, type Reason } from './domain/reasons.js';
export {
  pack,
  Replica,
  travelling,
  type Answer,
  type AnswerContext,
  type Subject,
  type TravellingPerson,
} from './domain/replica.js';
export {
  legalBases,
  type Conditions,
  type DecisionRules,
  type LegalBasis,
  type PurposeRules,
} from './domain/rules.js';
export { encodePeople, encodeSnapshotEnd, encodeSnapshotHead, readSnapshot } from './domain/snapshot.js';
