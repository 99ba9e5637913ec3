import type { DependencyCode } from '#kernel';

/** How a second read-back ended. `superseded`: nobody is to look any more. `failed`: nobody could. */
export const readBackResults = ['confirmed', 'came_back', 'superseded', 'failed'] as const;
export type ReadBackResult = (typeof readBackResults)[number];

/** What a second read-back found for one obligation. */
export interface Finding {
  /** Rows up to `asOf` that are there, although they had gone. */
  readonly rows: number;
  /** Which try this was, from 1. */
  readonly tries: number;
  readonly failure?: DependencyCode;
}

/** What becomes of it. */
export type ReadBackVerdict =
  | { readonly kind: 'end'; readonly result: ReadBackResult; readonly error: DependencyCode | null }
  | { readonly kind: 'retry'; readonly afterMilliseconds: number };

/** About a week: a store that is down so long, or whose settings nobody repairs, is not waited for with people's keys in hand. */
export const mostTries = 700;
const firstDelay = 500;
const longestDelay = 15 * 60_000;

/** A store that does not answer confirms nothing. Settings may be repaired meanwhile, so every fault is tried again. */
export function judgeReadBack(
  { rows, tries, failure }: Finding,
  /** In [0, 1). */
  jitter: number,
): ReadBackVerdict {
  if (failure === undefined)
    return { kind: 'end', result: rows > 0 ? 'came_back' : 'confirmed', error: null };
  if (tries >= mostTries) return { kind: 'end', result: 'failed', error: failure };
  const ceiling = Math.min(longestDelay, firstDelay * 2 ** Math.min(tries - 1, 20));
  return { kind: 'retry', afterMilliseconds: Math.ceil(ceiling * (0.5 + jitter / 2)) };
}

/** One key to look for, up to a moment. */
export interface Sought {
  readonly subject: string;
  readonly asOf: Date;
}

/**
 * Calls to make, so that in each of them a key occurs once: two causes may have erased the same person up to different moments,
 * and what was written between these came back for the later one alone.
 */
export function rounds(sought: readonly Sought[]): readonly (readonly Sought[])[] {
  const byKey = new Map<string, Map<number, Sought>>();
  for (const one of sought) {
    const moments = byKey.get(one.subject) ?? new Map<number, Sought>();
    byKey.set(one.subject, moments.set(one.asOf.getTime(), one));
  }
  const calls: Sought[][] = [];
  for (const moments of byKey.values())
    [...moments.values()].forEach((one, round) => (calls[round] ??= []).push(one));
  return calls;
}
