import { broader } from './compiled-policy.js';
import { nameOf, type GovernedDataset } from './governed.js';
import type { HoldScope } from './hold.js';
import type { Policy } from './policy.js';
import { enclosingPurposes } from './purpose-faults.js';

/** What some work would remove from a dataset. */
export interface Removal {
  readonly dataset: GovernedDataset;
  /** Rows with a moment up to and including this one. */
  readonly upTo: Date;
  /** Whether rows without a moment go as well: they may be of any time. */
  readonly undated: boolean;
  /** By which moment rows are judged: `collected`, or one that the dataset declares. */
  readonly moment: string;
  /** Only rows that list none but these; null: all rows. */
  readonly onlyPurposes: readonly string[] | null;
}

/** Whether a hold may cover rows that work would remove, whomever they are about. Where that is not known, it does. */
export function mayCover(scope: HoldScope, removal: Removal, purposes: Policy['purposes']): boolean {
  const { dataset } = removal;
  return (
    names(scope.stores, [dataset.store]) &&
    names(scope.datasets, [nameOf(dataset)]) &&
    names(
      scope.categories,
      dataset.fields.flatMap(({ category }) => broader(category)),
    ) &&
    servesHeld(scope, removal, purposes) &&
    reachesHeldTime(scope, removal)
  );
}

/** By what a hold tells rows apart and a store cannot. */
export type Beyond = 'category' | 'purpose' | 'time of collection';

/** What makes a hold keep more of a person's rows in a dataset than it names: they are held all together. */
export function beyond(scope: HoldScope, { dataset, upTo }: Removal): readonly Beyond[] {
  const { categories, purposes, collectedFrom, collectedUntil } = scope;
  const covered = ({ category }: GovernedDataset['fields'][number]) => names(categories, broader(category));
  const isDated = collectedFrom !== null || (collectedUntil !== null && collectedUntil < upTo);
  return [
    ...(dataset.fields.every(covered) ? [] : (['category'] as const)),
    ...(purposes.length > 0 && dataset.purposes === null ? (['purpose'] as const) : []),
    ...(isDated ? (['time of collection'] as const) : []),
  ];
}

/** What a sweep may still do under a hold that may cover it: leave people out, stop at a moment, or nothing at all. */
export type SweepUnderHold =
  | { readonly kind: 'without_people' }
  | { readonly kind: 'before'; readonly cutOff: Date }
  | { readonly kind: 'not_at_all' };

export function sweepUnder(scope: HoldScope, { moment }: Pick<Removal, 'moment'>): SweepUnderHold {
  if (scope.subjectRefs.length > 0) return { kind: 'without_people' };
  // Undated rows are not swept at all, so what was collected before is known to be none of the hold's.
  if (scope.collectedFrom !== null && moment === 'collected')
    return { kind: 'before', cutOff: scope.collectedFrom };
  return { kind: 'not_at_all' };
}

function names(named: readonly string[], own: readonly string[]): boolean {
  return named.length === 0 || named.some((name) => own.includes(name));
}

function servesHeld(
  scope: HoldScope,
  { dataset, onlyPurposes }: Removal,
  purposes: Policy['purposes'],
): boolean {
  // Rows that list purposes of their own may list any of those that the work is about.
  const served = dataset.purposes ?? onlyPurposes;
  if (served === null) return true;
  return names(
    scope.purposes,
    served.flatMap((purpose) => [purpose, ...enclosingPurposes(purposes, purpose)]),
  );
}

/** Of another moment than their collection nobody can tell when rows were collected. */
function reachesHeldTime({ collectedFrom }: HoldScope, { upTo, undated, moment }: Removal): boolean {
  return collectedFrom === null || undated || moment !== 'collected' || collectedFrom <= upTo;
}
