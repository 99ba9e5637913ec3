import type { SubjectRef } from '#kernel';
import type { Outcome } from './domain/outcome.js';
import type { CauseKind } from './domain/plan.js';

/** What is told of an obligation at its end, whoever settled it: a worker, or the plan itself. */
export interface SettledObligation {
  readonly id: string;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  /** The full name of the dataset (`store/dataset`). */
  readonly dataset: string;
  readonly outcome: Outcome | null;
  readonly rows: number;
  readonly exact: boolean;
  readonly level: string | null;
  /** The legal basis of what is retained or held; otherwise null, and left out. */
  readonly basis: string | null;
  /** The hold that holds it; otherwise null, and left out. */
  readonly holdId: string | null;
  /** Until when it is retained; otherwise null, and left out. */
  readonly retainedUntil: Date | null;
  readonly error: string | null;
  readonly policyVersion: number;
}

/** The one ledger entry that every obligation ends with. */
export function settledEntry(settled: SettledObligation) {
  const { id, causeKind, causeId, subjectRef, basis, holdId, retainedUntil, ...told } = settled;
  return {
    kind: 'obligation.settled' as const,
    ...(subjectRef === null ? {} : { subjectRef }),
    data: {
      obligation: id,
      cause: causeKind,
      causeId,
      ...(basis === null ? {} : { basis }),
      ...(holdId === null ? {} : { hold: holdId }),
      ...(retainedUntil === null ? {} : { until: retainedUntil.toISOString() }),
      dataset: told.dataset,
      outcome: told.outcome,
      rows: told.rows,
      exact: told.exact,
      level: told.level,
      error: told.error,
      policyVersion: told.policyVersion,
    },
  };
}
