import { DependencyError } from '#kernel';
import type { AgeGroup } from '../contract.js';

const mostGroups = 10_000;

/** Rows that were counted together. */
type Counts = Omit<AgeGroup, 'purposes'>;

/** Gathers counts into groups of rows that list the same purposes, in whatever order and however often they list them. */
export class AgeGroups {
  private readonly byPurposes = new Map<string, AgeGroup>();

  /** `listed` as the rows have it; undefined where the dataset's purposes are constant. */
  add(listed: readonly (string | null)[] | null | undefined, counts: Counts): void {
    if (counts.rows === 0) return;
    const purposes =
      listed === undefined ? null : [...new Set((listed ?? []).map((one) => one ?? ''))].sort();
    const key = JSON.stringify(purposes);
    const known = this.byPurposes.get(key);
    this.byPurposes.set(key, known === undefined ? { purposes, ...counts } : together(known, counts));
    if (this.byPurposes.size > mostGroups)
      throw new DependencyError(
        'not_supported',
        `rows list more than ${mostGroups} different sets of purposes`,
      );
  }

  groups(): readonly AgeGroup[] {
    return [...this.byPurposes.values()];
  }
}

/** A list of purposes as a store's JSON tells it. */
export function listFromJson(json: unknown): readonly (string | null)[] | null {
  const list: unknown = typeof json === 'string' ? JSON.parse(json) : null;
  if (!Array.isArray(list)) return null;
  return list.flat(6).map((one: unknown) => (typeof one === 'string' ? one : null));
}

function together(group: AgeGroup, { rows, undated, before }: Counts): AgeGroup {
  return {
    purposes: group.purposes,
    rows: group.rows + rows,
    undated: group.undated + undated,
    before: group.before.map((count, index) => count + (before[index] ?? 0)),
  };
}

/**
 * The rows before the first cut-off that was counted, of those that `purgeBefore` would remove with the same `onlyPurposes`
 * (null: of all).
 */
export function rowsBefore(groups: readonly AgeGroup[], onlyPurposes: readonly string[] | null): number {
  return groups
    .filter(({ purposes }) => onlyPurposes === null || listsOnly(purposes, onlyPurposes))
    .reduce((sum, { before }) => sum + (before[0] ?? 0), 0);
}

function listsOnly(purposes: readonly string[] | null, onlyPurposes: readonly string[]): boolean {
  if (purposes === null) return false;
  if (onlyPurposes.length === 0) return purposes.length === 0;
  return purposes.length > 0 && purposes.every((purpose) => onlyPurposes.includes(purpose));
}
