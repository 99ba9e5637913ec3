import type { Policy, SweepStep } from '#policy';

/** A step of a sweep with the moment that its period comes to: rows from strictly before it are due. */
export type DatedStep = SweepStep & { readonly cutOff: Date };

/** Rows of a dataset that list the same purposes, by age; what a connector's `countAges` answers. */
export interface CountedAges {
  readonly purposes: readonly string[] | null;
  readonly rows: number;
  readonly undated: number;
  readonly before: readonly number[];
}

/** The counts of one dataset, by moment: the cut-offs asked for, and the groups that were answered. */
export type Counted = ReadonlyMap<
  string,
  { readonly cutOffs: readonly Date[]; readonly groups: readonly CountedAges[] }
>;

/** What a policy's retention would remove from one dataset now. */
export interface DatasetImpact {
  /** All rows. */
  readonly rows: number;
  /** Rows that are due under the new policy. */
  readonly due: number;
  /** Of these, the rows that are due under the policy in force already. */
  readonly dueAlready: number;
  /** By rule of the new policy, which rows it removes; a row that two rules reach counts for the one that reaches further. */
  readonly byRule: readonly { readonly rule: string; readonly rows: number }[];
  /** Rows without the moment that a rule counts from: no rule ever reaches them. */
  readonly undated: number;
  /** Rows that list a purpose the new policy does not know: no step by purpose ever reaches them. */
  readonly unknownPurpose: number;
}

/** By moment, the cut-offs to be counted in one pass. */
export function cutOffsOf(steps: readonly DatedStep[]): ReadonlyMap<string, readonly Date[]> {
  const found = new Map<string, readonly Date[]>();
  for (const { from, cutOff } of steps) {
    const known = found.get(from) ?? [];
    if (!known.some((one) => one.getTime() === cutOff.getTime())) found.set(from, [...known, cutOff]);
  }
  return found;
}

/** Whether a step reaches rows that list these purposes. */
export function reaches({ onlyPurposes }: SweepStep, purposes: readonly string[] | null): boolean {
  if (onlyPurposes === null) return true;
  if (purposes === null) return false;
  if (onlyPurposes.length === 0) return purposes.length === 0;
  return purposes.length > 0 && purposes.every((purpose) => onlyPurposes.includes(purpose));
}

/**
 * Puts together what was counted of one dataset, exactly: of each group of rows what the furthest step of a policy removes,
 * which is what all its sweeps together remove. Rows that two policies both reach are those before the earlier of their
 * cut-offs. Steps of one dataset count from one moment, or reach different rows.
 */
export function impactOf(
  before: readonly DatedStep[],
  after: readonly DatedStep[],
  counted: Counted,
  policy: Policy,
): DatasetImpact {
  const all = [...counted].flatMap(([from, { cutOffs, groups }]) =>
    groups.map((group) => ({
      was: furthest(before, from, cutOffs, group),
      is: furthest(after, from, cutOffs, group),
    })),
  );
  const byRule = new Map<string, number>();
  for (const { is } of all) if (is !== undefined) byRule.set(is.rule, (byRule.get(is.rule) ?? 0) + is.rows);
  const [first] = [...counted.values()];
  const groups = first?.groups ?? [];
  return {
    rows: sum(groups, ({ rows }) => rows),
    due: sum(all, ({ is }) => is?.rows ?? 0),
    dueAlready: sum(all, ({ was, is }) => Math.min(was?.rows ?? 0, is?.rows ?? 0)),
    byRule: [...byRule].map(([rule, rows]) => ({ rule, rows })),
    undated: Math.max(0, ...[...counted.values()].map((one) => sum(one.groups, ({ undated }) => undated))),
    unknownPurpose: sum(groups, ({ purposes, rows }) =>
      purposes?.some((purpose) => !Object.hasOwn(policy.purposes, purpose)) === true ? rows : 0,
    ),
  };
}

function furthest(
  steps: readonly DatedStep[],
  from: string,
  cutOffs: readonly Date[],
  group: CountedAges,
): { readonly rule: string; readonly rows: number } | undefined {
  return steps
    .filter((step) => step.from === from && reaches(step, group.purposes))
    .map(({ rule, cutOff }) => {
      const index = cutOffs.findIndex((one) => one.getTime() === cutOff.getTime());
      return { rule, rows: group.before[index] ?? 0 };
    })
    .toSorted((a, b) => b.rows - a.rows)[0];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
