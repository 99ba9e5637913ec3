/** Injection tokens for the two things that make a run unrepeatable: time and randomness. */
export const CLOCK = Symbol('Clock');
export const IDS = Symbol('IdSource');

/** How often things happen by themselves, and how much at once. */
export interface Beats {
  /** How long a lane stays with a worker that has gone silent; one that works prolongs it three times as often. */
  readonly leaseMilliseconds: number;
  /** How often lost bells are looked for. */
  readonly reconcileMilliseconds: number;
  /** How many obligations a batch takes at most. */
  readonly batchSize: number;
}
export const BEATS = Symbol('Beats');
