import type { CompiledPolicy, FieldQuestion } from './compiled-policy.js';
import {
  finding,
  type Collected,
  type Finding,
  type GovernedDataset,
  type GovernedField,
  type Kind,
  type Period,
  type SweepStep,
} from './governed.js';
import { rowPeriod } from './row-period.js';
import { contradicts } from './rule-faults.js';
import { isEnforced, stepsByPurpose, wholeStep } from './sweep-steps.js';

/** What retention rules make of a dataset. */
export interface RetentionGovernance {
  /** The names of the rules that hold for a field, by field; a field without one is not here. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  readonly steps: readonly SweepStep[];
  readonly conflicts: readonly Finding[];
  readonly unenforced: readonly Finding[];
}

/** The fields that decide how long a row is kept: all but those that only hold it together, if there are any. */
export function contentOf(dataset: GovernedDataset): readonly GovernedField[] {
  const content = dataset.fields.filter(({ structural }) => !structural);
  return content.length > 0 ? content : dataset.fields;
}

/**
 * Which rows of a dataset go, and when. A signal with several purposes is kept as long as the longest of them; a row
 * goes as a whole, so its fields have to agree.
 */
export function governRetention(
  policy: CompiledPolicy,
  dataset: GovernedDataset,
  on: Date,
): RetentionGovernance {
  const collected: Collected = { conflicts: [], unenforced: [] };
  const rules = new Map<string, readonly string[]>();
  const kinds: readonly Kind[] = dataset.purposes ?? [null, ...Object.keys(policy.policy.purposes)];
  const periods = new Map<Kind, readonly (Period & { readonly field: string })[]>(
    kinds.map((kind) => [kind, []]),
  );
  for (const field of contentOf(dataset)) {
    const found = kinds.map((kind) => [kind, maximumOf(policy, dataset, field, kind)] as const);
    if (found.every(([, period]) => period !== undefined)) {
      const names = found.flatMap(([, period]) => (period === undefined ? [] : [`retention/${period.name}`]));
      rules.set(field.field, [...new Set(names)]);
    }
    for (const [kind, period] of found)
      if (period !== undefined)
        periods.set(kind, [...(periods.get(kind) ?? []), { ...period, field: field.field }]);
    checkMinimums(policy, dataset, field, kinds, collected);
  }
  const rows = new Map<Kind, Period | undefined>();
  for (const [kind, ofFields] of periods) {
    // A row of which some field has no rule is never removed.
    const covered = ofFields.length === contentOf(dataset).length;
    rows.set(kind, covered ? rowPeriod(dataset, ofFields, on, collected) : undefined);
  }
  const steps =
    dataset.purposes === null
      ? stepsByPurpose(dataset, rows, collected)
      : wholeStep(dataset, rows, collected);
  return {
    rules,
    steps: steps.filter((step) => isEnforced(dataset, policy, step, collected)),
    conflicts: distinct(collected.conflicts),
    unenforced: distinct(collected.unenforced),
  };
}

function question(dataset: GovernedDataset, { field, category }: GovernedField, kind: Kind): FieldQuestion {
  return {
    store: dataset.store,
    dataset: dataset.dataset,
    field,
    category,
    ...(kind === null ? {} : { purpose: kind }),
    ...(dataset.jurisdiction === null ? {} : { jurisdiction: dataset.jurisdiction }),
  };
}

function maximumOf(
  policy: CompiledPolicy,
  dataset: GovernedDataset,
  field: GovernedField,
  kind: Kind,
): Period | undefined {
  return policy.maximum(policy.place(question(dataset, field, kind)));
}

/** A maximum that is, or may be, shorter than a minimum of the same field. */
function checkMinimums(
  policy: CompiledPolicy,
  dataset: GovernedDataset,
  field: GovernedField,
  kinds: readonly Kind[],
  { conflicts }: Collected,
): void {
  for (const kind of kinds) {
    const place = policy.place(question(dataset, field, kind));
    const maximum = policy.maximum(place);
    if (maximum?.rule.keep === undefined || maximum.rule.keep === 'indefinitely') continue;
    for (const minimum of policy.minimums(place)) {
      const { keep, from } = maximum.rule;
      const least = `retention/${minimum.name} keeps it for ${minimum.rule.atLeast ?? ''} from ${minimum.rule.from} at least`;
      const about = finding(dataset, [field.field], [maximum.name, minimum.name]);
      if (contradicts(maximum.rule, minimum.rule))
        conflicts.push({ ...about, message: `kept for ${keep} at most, but ${least}` });
      else if (from !== minimum.rule.from)
        conflicts.push({
          ...about,
          message: `kept for ${keep} from ${from}, but ${least}: periods from different moments cannot be compared`,
        });
    }
  }
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
