import { DomainError, type SubjectRef } from '#kernel';

/** Why the law lets data be kept that somebody wants removed (GDPR Art. 17(3)(b) and (e)). */
export const holdBases = ['legal_claims', 'legal_obligation', 'public_task'] as const;
export type HoldBasis = (typeof holdBases)[number];

export const holdStates = ['active', 'lifted', 'ended'] as const;
export type HoldState = (typeof holdStates)[number];

/** What a hold covers: what all of its parts name. A part that names nothing stands for everything. */
export interface HoldScope {
  readonly subjectRefs: readonly SubjectRef[];
  readonly stores: readonly string[];
  /** As `store/dataset`. */
  readonly datasets: readonly string[];
  readonly categories: readonly string[];
  readonly purposes: readonly string[];
  /** When signals were collected: from and until, both included. */
  readonly collectedFrom: Date | null;
  readonly collectedUntil: Date | null;
}

/** A legal hold: an act with a reason, a scope and an end. */
export interface Hold {
  readonly id: string;
  readonly basis: HoldBasis;
  /** The reference of the matter that it is placed for. */
  readonly matter: string;
  readonly reason: string;
  readonly scope: HoldScope;
  readonly placedBy: string;
  readonly since: Date;
  /** From this moment on it holds nothing; null: until it is lifted. */
  readonly until: Date | null;
  readonly liftedBy: string | null;
  readonly liftedAt: Date | null;
  readonly liftReason: string | null;
}

export function holdState({ until, liftedAt }: Pick<Hold, 'until' | 'liftedAt'>, now: Date): HoldState {
  if (liftedAt !== null) return 'lifted';
  return until !== null && until <= now ? 'ended' : 'active';
}

/**
 * Throws DomainError invalid `hold.covers_everything` for a scope that names nothing, `hold.ends_in_the_past`, and
 * `hold.no_time` for a time of collection that ends before it begins.
 */
export function checkHold({ scope, until }: Pick<Hold, 'scope' | 'until'>, now: Date): void {
  const { collectedFrom: from, collectedUntil, ...lists } = scope;
  const namesNothing = Object.values(lists).every((names) => names.length === 0);
  if (namesNothing && from === null && collectedUntil === null)
    throw invalid(
      'hold.covers_everything',
      '/scope',
      'say what is held: people, stores, datasets, categories, purposes or a time of collection',
    );
  if (until !== null && until <= now)
    throw invalid('hold.ends_in_the_past', '/until', 'a hold ends in the future, or when it is lifted');
  if (from !== null && collectedUntil !== null && collectedUntil < from)
    throw invalid('hold.no_time', '/scope/collectedUntil', 'the time of collection ends before it begins');
}

/** Of several holds, the one that lasts longest: what it holds need not wait for the others one by one. */
export function longestOf<H extends Pick<Hold, 'id' | 'until'>>(holds: readonly H[]): H | undefined {
  const end = ({ until }: H) => until?.getTime() ?? Number.POSITIVE_INFINITY;
  return holds.toSorted((a, b) => (end(a) === end(b) ? (a.id < b.id ? -1 : 1) : end(b) - end(a)))[0];
}

function invalid(code: string, pointer: string, message: string): DomainError {
  return new DomainError('invalid', code, message, { pointer });
}
