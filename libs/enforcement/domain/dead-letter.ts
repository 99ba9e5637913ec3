import type { Outcome } from './outcome.js';

/** What is seen of an obligation that somebody wants to retry or close. */
export interface DeadLetter {
  readonly outcome: Outcome | null;
  readonly retriedAt: Date | null;
  readonly closedAt: Date | null;
  /** Whether there is something left to select rows by: a sealed key, or the cut-off of a sweep. */
  readonly hasSelector: boolean;
}

/** Why not, as a problem. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Undefined when nothing speaks against it: a dead letter is dealt with once. */
export function whyNotClose({
  outcome,
  retriedAt,
  closedAt,
}: Omit<DeadLetter, 'hasSelector'>): Refusal | undefined {
  if (outcome !== 'failed')
    return { code: 'obligation.not_failed', message: 'only an obligation that failed is retried or closed' };
  if (retriedAt !== null)
    return {
      code: 'obligation.retried',
      message: 'it was retried already: look at the obligation that succeeds it',
    };
  if (closedAt !== null)
    return {
      code: 'obligation.closed',
      message: 'it was closed, and its key is gone: file the request again',
    };
  return undefined;
}

export function whyNotRetry(letter: DeadLetter): Refusal | undefined {
  const refusal = whyNotClose(letter);
  if (refusal !== undefined || letter.hasSelector) return refusal;
  return {
    code: 'obligation.no_key',
    message: 'the key of the person cannot be read any more: close it, and file the request again',
  };
}
