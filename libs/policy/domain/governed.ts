import type { ErasureRule, RetentionRule } from './policy.js';

/** A dataset as a policy sees it; made from the data map. */
export interface GovernedDataset {
  readonly store: string;
  readonly dataset: string;
  /** What all its signals were collected for; null when each row lists its own. */
  readonly purposes: readonly string[] | null;
  readonly jurisdiction: string | null;
  /** The moments that rows carry besides `collected`. */
  readonly moments: readonly string[];
  readonly fields: readonly GovernedField[];
}

export interface GovernedField {
  readonly field: string;
  readonly category: string;
  /** Names the subject, the moment or the purposes of a row, and so lives and goes with it. */
  readonly structural: boolean;
  /** What the data map itself says of its erasure: the most specific rule there can be. */
  readonly own: ErasureRule['then'] | null;
}

/** A dataset's name across stores. */
export function nameOf({ store, dataset }: Pick<GovernedDataset, 'store' | 'dataset'>): string {
  return `${store}/${dataset}`;
}

/** Something about a dataset that its author has to know. */
export interface Finding {
  readonly store: string;
  readonly dataset: string;
  /** Absent when it is about all of them. */
  readonly fields?: readonly string[];
  /** As `section/name`. */
  readonly rules: readonly string[];
  readonly message: string;
}

/** Part of a sweep: what a retention rule removes from one dataset. */
export interface SweepStep {
  /** The name of the rule, in the section `retention`. */
  readonly rule: string;
  readonly keep: string;
  readonly from: string;
  /** Only rows that list none but these; the empty list: that list nothing; null: all rows. */
  readonly onlyPurposes: readonly string[] | null;
}

/** What becomes of a dataset when a person is erased. */
export type Disposal =
  | { readonly kind: 'purge' }
  | { readonly kind: 'retain'; readonly basis: string; readonly for: string | null }
  | { readonly kind: 'unsupported' };

/** A registered field and the rules that hold for it, as `section/name`; the data map's own rule is `data map`. */
export interface FieldRules {
  readonly store: string;
  readonly dataset: string;
  readonly field: string;
  readonly category: string;
  readonly retention: readonly string[];
  readonly erasure: readonly string[];
}

/** A policy applied to a dataset. */
export interface Governance {
  readonly fields: readonly FieldRules[];
  /** Fields that have no rule of retention, or none of erasure. */
  readonly uncovered: readonly (Pick<FieldRules, 'store' | 'dataset' | 'field'> & {
    readonly lacks: readonly ('retention' | 'erasure')[];
  })[];
  readonly steps: readonly SweepStep[];
  readonly disposal: Disposal;
  /** What contradicts itself: a policy with any of these does not apply. */
  readonly conflicts: readonly Finding[];
  /** What the policy asks for and Lethe does not do yet; nothing of it is done by halves. */
  readonly unenforced: readonly Finding[];
}

/** How long one kind of row is kept, and what happens then. */
export interface Period {
  readonly name: string;
  readonly rule: RetentionRule;
}

/** Rows that list the same purpose, or, with null, that list none. */
export type Kind = string | null;

/** What comes up while a policy is applied to a dataset. */
export interface Collected {
  readonly conflicts: Finding[];
  readonly unenforced: Finding[];
}

export function finding(
  { store, dataset }: GovernedDataset,
  fields: readonly string[] | undefined,
  names: readonly string[],
): Omit<Finding, 'message'> {
  const rules = [...new Set(names.map((name) => `retention/${name}`))];
  return { store, dataset, ...(fields === undefined ? {} : { fields: [...new Set(fields)] }), rules };
}
