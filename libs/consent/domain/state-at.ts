import type { ConsentAction, ConsentState } from '#decisions';
import type { SubjectRef } from '#kernel';
import { stricter } from './combine.js';

/** What of an event makes the state. */
export interface SaidEvent {
  readonly subjectRef: SubjectRef;
  readonly number: number;
  readonly purpose: string;
  readonly action: ConsentAction;
  readonly at: Date;
  readonly occurredAt: Date;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
}

interface Folded {
  readonly state: ConsentState;
  /** When the latest no happened. */
  readonly deniedAt: number;
}

/**
 * What held at a moment by all that had happened until then, in the order of the ledger: as the database derives the current
 * state, a no holds from its arrival, and a yes that happened before the latest no, and came late, does nothing. Of subjects that
 * are one person now the stricter holds.
 */
export function stateAt(events: readonly SaidEvent[], moment: Date): ReadonlyMap<string, ConsentState> {
  const folded = new Map<string, Folded>();
  const keyOf = ({ subjectRef, purpose }: SaidEvent) => `${subjectRef} ${purpose}`;
  const purposes = new Map<string, string>();
  for (const event of events.toSorted((a, b) => a.number - b.number)) {
    if (event.occurredAt > moment) continue;
    const key = keyOf(event);
    purposes.set(key, event.purpose);
    const next = fold(folded.get(key), event);
    if (next !== undefined) folded.set(key, next);
  }
  const states = new Map<string, ConsentState>();
  for (const [key, { state }] of folded) {
    const purpose = purposes.get(key) ?? '';
    const combined = stricter(states.get(purpose), state);
    if (combined !== undefined) states.set(purpose, combined);
  }
  return states;
}

function fold(before: Folded | undefined, event: SaidEvent): Folded | undefined {
  const { action, at, occurredAt, expiresAt, noticeVersion, number } = event;
  const happened = occurredAt.getTime();
  const deniedAt = before?.deniedAt ?? Number.NEGATIVE_INFINITY;
  const isNo = action !== 'grant' && action !== 'renew' && action !== 'expire';
  const isLate = happened !== at.getTime() && happened < deniedAt;
  if (!isNo && isLate) return before;
  const state = { action, since: occurredAt, expiresAt, noticeVersion, number };
  return { state, deniedAt: isNo ? Math.max(deniedAt, happened) : deniedAt };
}
