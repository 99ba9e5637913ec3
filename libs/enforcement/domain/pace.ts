/** How much a call takes at once, and how long that has taken lately. */
export interface Pace {
  /** People in a call. */
  readonly size: number;
  /** Milliseconds for each of them, on the average of the calls that were not slow; undefined before the first. */
  readonly baseline: number | undefined;
}

/** Enough to make a set-based call cheap, few enough to settle in one short transaction. */
export const largestBatch = 5_000;
const smallestBatch = 10;
const growth = 100;

/** What a call costs however few it is about: shorter ones are never called slow. */
const fixedCost = 250;
const slowFactor = 2;

/** At its usual pace, as far as anybody knows. */
export const fullPace: Pace = { size: largestBatch, baseline: undefined };

/** How a call about people went. */
export interface TimedCall {
  readonly people: number;
  readonly milliseconds: number;
  /** It ended without having done its work because the store has too much of it. */
  readonly overloaded: boolean;
}

export function isSlow({ baseline }: Pace, { people, milliseconds, overloaded }: TimedCall): boolean {
  if (overloaded) return true;
  return baseline !== undefined && milliseconds > fixedCost + slowFactor * baseline * people;
}

/**
 * Additive increase, multiplicative decrease (RFC 5681 has it for TCP). What is slow teaches the baseline little, so that a
 * store which became slower for good is not held back for ever; and so do small calls, in which the fixed cost prevails.
 */
export function afterTimedCall(pace: Pace, call: TimedCall): Pace {
  const slow = isSlow(pace, call);
  const size = slow
    ? Math.max(smallestBatch, Math.floor(Math.min(pace.size, Math.max(call.people, smallestBatch)) / 2))
    : Math.min(largestBatch, pace.size + growth);
  if (call.overloaded || call.people === 0) return { ...pace, size };
  const each = call.milliseconds / call.people;
  if (pace.baseline === undefined) return { size, baseline: each };
  const weight = (slow ? 0.02 : 0.2) * Math.min(1, call.people / growth);
  return { size, baseline: pace.baseline + (each - pace.baseline) * weight };
}
