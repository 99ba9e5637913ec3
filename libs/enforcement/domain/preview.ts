import type { DependencyCode, StoreId } from '#kernel';
import type { SubjectResult } from '#connector-kit';
import { endOf } from './end.js';
import type { HeldBy } from './held.js';
import type { PlannedObligation } from './plan.js';

/** What would become of a person's rows in a dataset. */
export const previewActions = ['erase', 'held', 'retained', 'unsupported'] as const;
export type PreviewAction = (typeof previewActions)[number];

/** People whose rows in one dataset would go the same way, and why. */
export interface PreviewPart {
  readonly storeId: StoreId;
  readonly dataset: string;
  readonly action: PreviewAction;
  readonly people: number;
  /** The hold that holds it, and the legal basis of what is held or retained. */
  readonly hold: string | null;
  readonly basis: string | null;
  /** ISO 8601. */
  readonly retainedUntil: string | null;
  /** Why it cannot be done, or why more is held than a hold names. */
  readonly note: string | null;
}

/** A part with the keys of each of its people in the dataset: personal data, never kept. */
export interface KeyedPart {
  readonly part: PreviewPart;
  readonly keys: readonly (readonly string[])[];
}

/** What was counted of a part. */
export interface PartCount {
  /** Null: nobody knows. With `exact` false: at least so many. */
  readonly rows: number | null;
  /** People who have any. */
  readonly found: number | null;
  readonly exact: boolean;
  /** Why rows of some people, or of all, could not be counted. */
  readonly error: DependencyCode | null;
}

export type CountedPart = PreviewPart & PartCount;

/** By action, how many rows; null where that is not known. */
export type PreviewTotals = Readonly<Record<PreviewAction, number | null>> & {
  /** Whether just so many rows would be erased; otherwise more may be. */
  readonly exact: boolean;
};

/** Puts together, in the order of the plan, what goes the same way in the same dataset. */
export function partsOf(
  plan: readonly { readonly planned: PlannedObligation; readonly heldBy: HeldBy | undefined }[],
): readonly KeyedPart[] {
  const parts = plan.map(({ planned, heldBy }) => {
    const { outcome, holdId: hold, basis, retainedUntil: until, error: note } = endOf(planned, heldBy);
    const { storeId, dataset, keys } = planned;
    const action = outcome ?? ('erase' as const);
    return { storeId, dataset, action, hold, basis, retainedUntil: until?.toISOString() ?? null, note, keys };
  });
  const alike = Map.groupBy(parts, ({ keys, ...rest }) => JSON.stringify([rest, keys.length === 0]));
  return [...alike.values()].flatMap((people) => {
    const keys = people.map((one) => one.keys);
    return people.slice(0, 1).map((first) => ({ part: partOf(first, people.length), keys }));
  });
}

function partOf(
  { storeId, dataset, action, hold, basis, retainedUntil: until, note }: Omit<PreviewPart, 'people'>,
  people: number,
): PreviewPart {
  return { storeId, dataset, action, people, hold, basis, retainedUntil: until, note };
}

/** What a store said of the keys of a part. A key that it did not answer for is a fault, never nothing found. */
export function countOf(
  { keys }: KeyedPart,
  results: ReadonlyMap<string, SubjectResult>,
  failure: DependencyCode | undefined,
): PartCount {
  if (failure !== undefined) return { ...unknown, error: failure };
  // Rows that cannot be told to be somebody's are none that anybody counted.
  if (keys.every((own) => own.length === 0)) return unknown;
  const each = new Map(keys.flat().map((key) => [key, answerFor(results.get(key))]));
  const answers = [...each.values()];
  const error = answers.find(({ failure: why }) => why !== null)?.failure ?? null;
  if (answers.every(({ failure: why }) => why !== null)) return { ...unknown, error };
  const rows = answers.reduce((sum, answer) => sum + answer.rows, 0);
  const found = keys.filter((own) => own.some((key) => (each.get(key)?.rows ?? 0) > 0)).length;
  return { rows, found, exact: error === null, error };
}

function answerFor(result: SubjectResult | undefined): {
  readonly rows: number;
  readonly failure: DependencyCode | null;
} {
  if (result !== undefined && 'rows' in result) return { rows: result.rows, failure: null };
  return { rows: 0, failure: result?.failure ?? 'unexpected_response' };
}

const unknown: PartCount = { rows: null, found: null, exact: false, error: null };

/** Fail closed: what is not known of one part is not known of the whole. */
export function totalsOf(parts: readonly Pick<CountedPart, 'action' | 'rows' | 'exact'>[]): PreviewTotals {
  const sum = (action: PreviewAction) =>
    parts
      .filter((part) => part.action === action)
      .reduce<number | null>((total, { rows }) => (total === null || rows === null ? null : total + rows), 0);
  return {
    erase: sum('erase'),
    held: sum('held'),
    retained: sum('retained'),
    unsupported: sum('unsupported'),
    exact: parts.every(({ action, exact }) => action !== 'erase' || exact),
  };
}

/** Whether a store did not answer for somebody. */
export function isUncounted({ error }: Pick<PartCount, 'error'>): boolean {
  return error !== null;
}
