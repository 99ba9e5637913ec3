import { circuitState, type Circuit } from './circuit.js';
import { isInWindow, type LaneRule } from './lane-rule.js';
import { largestBatch, type Pace } from './pace.js';

/** A person's word that nothing more is to be begun in a store. */
export interface Pause {
  readonly at: Date;
  readonly by: string;
  readonly reason: string;
  /** What was planned before is still worked off. */
  readonly draining: boolean;
}

/** What a store's calls told, and what people decided about it. */
export interface StoreControl {
  readonly circuit: Circuit;
  readonly pause: Pause | null;
  readonly pace: Pace;
}

/** How much a batch may take of a store. */
export interface Admission {
  readonly most: number;
  /** Only what was planned until then. */
  readonly plannedUntil: Date | null;
  /** To see whether the store does its work again. */
  readonly probing: boolean;
}

/** In a batch that only tries. */
const probeSize = 10;

/** Undefined: nothing. `most`: in a batch at all. */
export function admit(
  control: StoreControl,
  rule: LaneRule,
  now: Date,
  most = largestBatch,
): Admission | undefined {
  const { circuit, pause, pace } = control;
  if (pause !== null && !pause.draining) return undefined;
  const state = circuitState(circuit, now);
  if (state === 'open' || !isInWindow(rule.window, now)) return undefined;
  const probing = state === 'half_open';
  const size = Math.min(most, probing ? probeSize : most, pace.size, rule.rowsPerSecond ?? most);
  return { most: size, plannedUntil: pause?.at ?? null, probing };
}

/** Whether it may be taken together with other stores, by deadline alone. */
export function isOrdinary({ most, plannedUntil, probing }: Admission, batchSize: number): boolean {
  return most === batchSize && plannedUntil === null && !probing;
}
