import type { DependencyCode } from '#kernel';
import { backOff } from './back-off.js';

/** What the last calls to a store told of it. */
export interface Circuit {
  /** Calls in a row that failed for a passing fault. */
  readonly failures: number;
  /** How often in a row it opened. */
  readonly trips: number;
  /** Since when it is open; null while it is closed. */
  readonly openedAt: Date | null;
  /** Why the last call failed. */
  readonly error: string | null;
  /** From when on one small batch tries again; null while it is closed. */
  readonly nextTry: Date | null;
}

export const circuitStates = ['closed', 'open', 'half_open'] as const;
export type CircuitState = (typeof circuitStates)[number];

export const closedCircuit: Circuit = { failures: 0, trips: 0, openedAt: null, error: null, nextTry: null };

/** The store does not do its work just now, whoever asks. */
const passing: ReadonlySet<DependencyCode> = new Set([
  'unreachable',
  'timeout',
  'rate_limited',
  'quota_exhausted',
]);

const failuresToOpen = 3;
const rests = { first: 30_000, longest: 15 * 60_000 };

export function circuitState({ nextTry }: Circuit, now: Date): CircuitState {
  if (nextTry === null) return 'closed';
  return nextTry > now ? 'open' : 'half_open';
}

/**
 * What a call told: `error` is why all of it failed. A store that did its work, or said what is wrong with ours, is there:
 * that closes the circuit. Calls that were under way when it opened do not make it wait longer.
 */
export function afterCall(
  circuit: Circuit,
  error: DependencyCode | undefined,
  { now, jitter }: { readonly now: Date; readonly jitter: number },
): Circuit {
  if (error === undefined || !passing.has(error)) return closedCircuit;
  const failures = circuit.failures + 1;
  const state = circuitState(circuit, now);
  if (state === 'open' || (state === 'closed' && failures < failuresToOpen))
    return { ...circuit, failures, error };
  const trips = circuit.trips + 1;
  const nextTry = new Date(now.getTime() + backOff(rests, trips, jitter));
  return { failures, trips, openedAt: circuit.openedAt ?? now, error, nextTry };
}
