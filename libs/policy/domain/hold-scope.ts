import type { Fault } from '#kernel';
import { categories } from './categories.js';
import { nameOf, type GovernedDataset } from './governed.js';
import type { HoldScope } from './hold.js';
import type { Policy } from './policy.js';

/** What a scope names that does not exist, each with its place: a hold that misses by a letter would hold nothing. */
export function scopeFaults(
  scope: Pick<HoldScope, 'stores' | 'datasets' | 'categories' | 'purposes'>,
  registered: readonly GovernedDataset[],
  policy: Policy | undefined,
): readonly Fault[] {
  const known = {
    stores: new Set(registered.map(({ store }) => store)),
    datasets: new Set(registered.map(nameOf)),
    categories: new Set([...categories, ...Object.keys(policy?.categories ?? {})]),
    purposes: new Set([
      ...registered.flatMap(({ purposes }) => purposes ?? []),
      ...Object.keys(policy?.purposes ?? {}),
    ]),
  };
  return (['stores', 'datasets', 'categories', 'purposes'] as const).flatMap((part) =>
    scope[part].flatMap((name, index) =>
      known[part].has(name)
        ? []
        : [{ pointer: `/scope/${part}/${index}`, message: `nothing is registered under this name` }],
    ),
  );
}
