import type { Obligation } from '#enforcement';

/** The states of a request; docs/lifecycles/request.md draws them. */
export const requestStates = [
  'received',
  'running',
  'completed',
  'completed_with_exceptions',
  'partially_completed',
] as const;
export type RequestState = (typeof requestStates)[number];

type Ended = Extract<RequestState, 'completed' | 'completed_with_exceptions' | 'partially_completed'>;

/** What each way in which a part can end makes of the whole. */
const ends: Readonly<Record<NonNullable<Obligation['outcome']>, Ended>> = {
  erased: 'completed',
  not_found: 'completed',
  superseded: 'completed',
  retained: 'completed_with_exceptions',
  held: 'completed_with_exceptions',
  unsupported: 'partially_completed',
  failed: 'partially_completed',
};

/** How a request ends, from how its parts ended. The worst part decides: nothing is called complete that is not. */
export function settledState(obligations: readonly Pick<Obligation, 'outcome'>[]): RequestState {
  const ended = obligations.map(({ outcome }) => (outcome === null ? 'partially_completed' : ends[outcome]));
  if (ended.includes('partially_completed')) return 'partially_completed';
  return ended.includes('completed_with_exceptions') ? 'completed_with_exceptions' : 'completed';
}
