import type { HeldBy } from './held.js';
import { onlyInParts, retainedUntil, type PlannedObligation } from './plan.js';

/** How planned work ends without anybody touching the store; `outcome` is null for what is to be done. */
export interface End {
  readonly outcome: 'unsupported' | 'retained' | 'held' | null;
  readonly basis: string | null;
  readonly holdId: string | null;
  readonly retainedUntil: Date | null;
  readonly error: string | null;
}

const notYet: End = { outcome: null, basis: null, holdId: null, retainedUntil: null, error: null };

/** What is held, kept on a legal basis, cannot be done, or cannot be found, is settled from the start and said. */
export function endOf(
  { cause, disposal, keys }: Pick<PlannedObligation, 'cause' | 'disposal' | 'keys'>,
  heldBy: HeldBy | undefined,
): End {
  if (heldBy !== undefined)
    return { ...notYet, outcome: 'held', basis: heldBy.basis, holdId: heldBy.hold, error: heldBy.note };
  if (disposal.kind === 'retain') {
    // Whose keys nobody knows cannot be erased later either.
    const until = keys.length === 0 ? null : retainedUntil(disposal, cause.asOf);
    return { ...notYet, outcome: 'retained', basis: disposal.basis, retainedUntil: until };
  }
  if (disposal.kind === 'unsupported') return { ...notYet, outcome: 'unsupported', error: onlyInParts };
  return keys.length === 0
    ? {
        ...notYet,
        outcome: 'unsupported',
        error: 'no identifier of the type that this dataset is keyed by is known',
      }
    : notYet;
}
