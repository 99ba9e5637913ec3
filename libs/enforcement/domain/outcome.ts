import type { DependencyCode } from '#kernel';
import { backOff } from './back-off.js';

/** How a piece of work ended, for one field of one dataset. */
export const outcomes = [
  'erased',
  'not_found',
  'retained',
  'held',
  'superseded',
  'unsupported',
  'failed',
] as const;
export type Outcome = (typeof outcomes)[number];

/** What the act and the independent read-back found, for one obligation. */
export interface Evidence {
  /** Rows the act removed. */
  readonly removed: number;
  /** Rows the read-back still found. */
  readonly left: number;
  /** Which attempt this was, from 1. An earlier one may have acted without living to tell. */
  readonly attempt: number;
  readonly failure?: DependencyCode;
}

/** What to do with an obligation after an attempt. */
export type Verdict =
  | {
      readonly kind: 'settle';
      readonly outcome: Outcome;
      readonly exact: boolean;
      readonly error: DependencyCode | null;
    }
  | { readonly kind: 'retry'; readonly afterMilliseconds: number; readonly error: DependencyCode };

/** One table maps a connector's code to: try again, give up (settings or schema must change first). */
const lasting: Readonly<Record<DependencyCode, boolean>> = {
  unreachable: false,
  unauthorized: true,
  rate_limited: false,
  quota_exhausted: false,
  timeout: false,
  invalid_config: true,
  not_supported: true,
  conflict: false,
  unexpected_response: false,
};

const mostAttempts = 20;
const delays = { first: 500, longest: 15 * 60_000 };

/**
 * Erased only when another query than the one that acted finds nothing left. Nothing removed and nothing left is
 * `not_found` on a first attempt only: later, an earlier attempt may have erased it, so the count is inexact.
 */
export function judge(evidence: Evidence, jitter: number): Verdict {
  if (evidence.failure !== undefined) return afterFailure(evidence.failure, evidence.attempt, jitter);
  // Somebody wrote while we erased, or the store did not do what it said: act again.
  if (evidence.left > 0) return afterFailure('conflict', evidence.attempt, jitter);
  if (evidence.removed > 0)
    return { kind: 'settle', outcome: 'erased', exact: evidence.attempt === 1, error: null };
  return evidence.attempt === 1
    ? { kind: 'settle', outcome: 'not_found', exact: true, error: null }
    : { kind: 'settle', outcome: 'erased', exact: false, error: null };
}

/** Exponential with full jitter (`jitter` in [0, 1)), from half a second to a quarter of an hour. */
function afterFailure(error: DependencyCode, attempt: number, jitter: number): Verdict {
  if (lasting[error] || attempt >= mostAttempts)
    return { kind: 'settle', outcome: 'failed', exact: false, error };
  return { kind: 'retry', afterMilliseconds: backOff(delays, attempt, jitter), error };
}
