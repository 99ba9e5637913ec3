import { assertNever } from '#kernel';
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

/** How a request ends, from how its parts ended. The worst part decides: nothing is called complete that is not. */
export function settledState(obligations: readonly Pick<Obligation, 'outcome'>[]): RequestState {
  let state: RequestState = 'completed';
  for (const { outcome } of obligations) {
    switch (outcome) {
      case 'erased':
      case 'not_found':
      case 'superseded':
        break;
      case 'retained':
        if (state === 'completed') state = 'completed_with_exceptions';
        break;
      case 'failed':
      case 'unsupported':
      case null:
        state = 'partially_completed';
        break;
      default:
        return assertNever(outcome);
    }
  }
  return state;
}
