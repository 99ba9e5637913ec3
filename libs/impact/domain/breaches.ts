import type { Policy } from '#policy';
import type { DatasetImpact } from './impact.js';

/** What makes a change of policy need a second person. */
export interface Breach {
  /** The name of the limit. */
  readonly limit: string;
  readonly store: string;
  /** Null when it is about the store as a whole. */
  readonly dataset: string | null;
  readonly message: string;
}

/** What of one dataset was counted. */
export type PlacedImpact = DatasetImpact & { readonly store: string; readonly dataset: string };

type Limit = Policy['limits'][string];

/**
 * The limits that a change breaks by what it would newly remove. They are those of the policy in force, so that no change
 * loosens the limits it is held to; the first policy of all is held to its own.
 */
export function breaches(limits: Policy['limits'], impacts: readonly PlacedImpact[]): readonly Breach[] {
  const stores = [...new Set(impacts.map(({ store }) => store))];
  return Object.entries(limits).flatMap(([name, limit]) =>
    stores
      .filter((store) => limit.store === undefined || limit.store === store)
      .flatMap((store) =>
        breachesIn(
          name,
          limit,
          impacts.filter((impact) => impact.store === store),
        ),
      ),
  );
}

function breachesIn(
  name: string,
  { rows, share }: Limit,
  impacts: readonly PlacedImpact[],
): readonly Breach[] {
  const store = impacts[0]?.store ?? '';
  const added = impacts.reduce((sum, impact) => sum + newlyDue(impact), 0);
  const ofStore =
    rows !== undefined && added > rows
      ? [
          {
            limit: name,
            store,
            dataset: null,
            message: `${added} rows would newly be due, and ${rows} are allowed`,
          },
        ]
      : [];
  const wide = impacts.filter((impact) => share !== undefined && newlyDue(impact) > share * impact.rows);
  return [
    ...ofStore,
    ...wide.map((impact) => ({
      limit: name,
      store,
      dataset: impact.dataset,
      message: `${newlyDue(impact)} of ${impact.rows} rows would newly be due, more than the share of ${share ?? 0}`,
    })),
  ];
}

function newlyDue({ due, dueAlready }: DatasetImpact): number {
  return due - dueAlready;
}
