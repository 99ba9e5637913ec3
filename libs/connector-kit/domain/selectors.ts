import { DependencyError, type DependencyCode } from '#kernel';
import type { Dataset, Selector, SubjectResult } from '../contract.js';

/** A selector whose key can be in the dataset, with its place in the call. */
export interface WantedKey {
  readonly index: number;
  readonly key: string;
  readonly asOf: Date;
}

export interface ReadSelectors {
  readonly wanted: readonly WantedKey[];
  /** One result per selector, in their order: a failure for keys of the wrong form, else rows by index (absent means none). */
  readonly answer: (
    rows: ReadonlyMap<number, number>,
    failures?: ReadonlyMap<number, DependencyCode>,
  ) => readonly SubjectResult[];
}

const lowest = -(2n ** 63n);
const highest = 2n ** 63n - 1n;

/**
 * Separates the keys that can be in the dataset from those that cannot. A key of the wrong form is not "no rows": the store
 * might hold the person under another spelling, so it is a failure (invalid_config) of that person alone.
 */
export function readSelectors(
  form: Dataset['subjectKey']['form'],
  selectors: readonly Selector[],
  fits: (key: string) => boolean = () => true,
): ReadSelectors {
  const wanted = selectors
    .map(({ subject, asOf }, index) => ({ index, key: subject, asOf }))
    .filter(({ key, asOf }) => isKey(form, key) && fits(key) && !Number.isNaN(asOf.getTime()));
  const known = new Set(wanted.map(({ index }) => index));
  return {
    wanted,
    answer: (rows, failures = new Map()) =>
      selectors.map(({ subject }, index) => {
        const failure = known.has(index) ? failures.get(index) : 'invalid_config';
        return failure === undefined ? { subject, rows: rows.get(index) ?? 0 } : { subject, failure };
      }),
  };
}

/**
 * The keys of people whose rows stay, each once. Throws DependencyError invalid_config for one that cannot be in the dataset:
 * the store might hold the person under another spelling, and their rows would go.
 */
export function keysToLeave(
  form: Dataset['subjectKey']['form'],
  except: readonly string[] | undefined,
  fits: (key: string) => boolean = () => true,
): readonly string[] {
  const keys = [...new Set(except)];
  if (keys.every((key) => isKey(form, key) && fits(key))) return keys;
  throw new DependencyError('invalid_config', 'a key to leave out is not of the form that the dataset has');
}

/** Whether a key can be in a dataset whose keys are of this form. */
export function isKey(form: Dataset['subjectKey']['form'], key: string): boolean {
  return form === 'integer' ? isCanonicalInteger(key) : isStorableText(key);
}

/** Decimal, within 64 bits, and in the one spelling that a store gives back: no "01", "+1", "-0" or " 1". */
function isCanonicalInteger(text: string): boolean {
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return false;
  const value = BigInt(text);
  return value >= lowest && value <= highest;
}

/** A lone surrogate would be written as U+FFFD, and so become another person's key; NUL ends a text early in some stores. */
function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
