import type { CompiledPolicy, FieldQuestion } from './compiled-policy.js';
import { contentOf, governRetention } from './govern-retention.js';
import type {
  Disposal,
  FieldRules,
  Finding,
  GovernedDataset,
  GovernedField,
  Governance,
} from './governed.js';
import { consentStates } from './match.js';
import type { ErasureRule } from './policy.js';

interface FieldErasure {
  readonly field: GovernedField;
  /** `mixed`: rows that differ in their purposes would go different ways. */
  readonly then: ErasureRule['then'] | 'mixed' | undefined;
  readonly rules: readonly string[];
}

/**
 * Applies a policy to a dataset: the rules of each field, what a sweep removes, what becomes of it when a person is erased,
 * and all that contradicts itself or is not carried out. Total and pure; `on` is the moment exceptions are judged by.
 */
export function governDataset(policy: CompiledPolicy, dataset: GovernedDataset, on: Date): Governance {
  const retention = governRetention(policy, dataset, on);
  const erasures = contentOf(dataset).map((field) => erasureOf(policy, dataset, field));
  const conflicts = [...retention.conflicts, ...minimumFindings(policy, dataset, erasures)];
  const fields = dataset.fields.map((field) => rulesOf(dataset, field, retention.rules, erasures));
  return {
    fields,
    uncovered: fields.flatMap(({ store, dataset: name, field, retention: kept, erasure }) => {
      const lacks = [
        ...(kept.length === 0 ? (['retention'] as const) : []),
        ...(erasure.length === 0 ? (['erasure'] as const) : []),
      ];
      return lacks.length === 0 ? [] : [{ store, dataset: name, field, lacks }];
    }),
    steps: retention.steps,
    disposal: disposalOf(erasures),
    conflicts,
    unenforced: [
      ...retention.unenforced,
      ...erasureFindings(dataset, erasures),
      ...dormantRules(policy, dataset),
    ],
  };
}

/** A field that only holds its row together has the rules of all that it holds together. */
function rulesOf(
  { store, dataset }: GovernedDataset,
  { field, category }: GovernedField,
  retention: ReadonlyMap<string, readonly string[]>,
  erasures: readonly FieldErasure[],
): FieldRules {
  const own = erasures.find((one) => one.field.field === field);
  const kept = [...retention.values()];
  const all = kept.length === erasures.length ? [...new Set(kept.flat())] : [];
  const erased = erasures.every(({ then }) => then !== undefined)
    ? [...new Set(erasures.flatMap(({ rules }) => rules))]
    : [];
  return own === undefined
    ? { store, dataset, field, category, retention: all, erasure: erased }
    : { store, dataset, field, category, retention: retention.get(field) ?? [], erasure: own.rules };
}

function erasureOf(policy: CompiledPolicy, dataset: GovernedDataset, field: GovernedField): FieldErasure {
  if (field.own !== null) return { field, then: field.own, rules: ['data map'] };
  const found = purposesOf(policy, dataset).map((purpose) =>
    policy.erasure(policy.place(question(dataset, field, purpose))),
  );
  const known = found.filter((rule) => rule !== undefined);
  if (known.length < found.length) return { field, then: undefined, rules: [] };
  const rules = [...new Set(known.map(({ name }) => `erasure/${name}`))];
  const wishes = new Map(known.map(({ rule }) => [JSON.stringify(rule.then), rule.then]));
  const [only] = wishes.values();
  if (wishes.size === 1) return { field, then: only, rules };
  // What one purpose has to keep may not go for another's sake; where each row has its own purposes, rows would differ.
  const retained = [...wishes.values()].filter((then) => typeof then === 'object' && 'retain' in then);
  const then = dataset.purposes !== null && retained.length === 1 ? retained[0] : 'mixed';
  return { field, then, rules };
}

function question(
  { store, dataset, jurisdiction }: GovernedDataset,
  { field, category }: GovernedField,
  purpose: string | undefined,
): FieldQuestion {
  return {
    store,
    dataset,
    field,
    category,
    ...(purpose === undefined ? {} : { purpose }),
    ...(jurisdiction === null ? {} : { jurisdiction }),
  };
}

/** Rows are removed or kept as a whole; anything else cannot be done yet. */
function disposalOf(erasures: readonly FieldErasure[]): Disposal {
  const wishes = new Map(erasures.map(({ then }) => [JSON.stringify(then ?? null), then]));
  const [only] = wishes.values();
  if (wishes.size > 1 || only === undefined || only === 'mixed') return { kind: 'unsupported' };
  if (only === 'purge') return { kind: 'purge' };
  return 'retain' in only
    ? { kind: 'retain', basis: only.retain.basis, for: only.retain.for ?? null }
    : { kind: 'unsupported' };
}

function erasureFindings(
  { store, dataset }: GovernedDataset,
  erasures: readonly FieldErasure[],
): readonly Finding[] {
  const known = erasures.filter(({ then }) => then !== undefined);
  if (known.length < erasures.length || disposalOf(erasures).kind !== 'unsupported') return [];
  return [
    {
      store,
      dataset,
      fields: known.filter(({ then }) => then !== 'purge').map(({ field }) => field.field),
      rules: [...new Set(known.flatMap(({ rules }) => rules))],
      message:
        'on erasure some fields would be redacted or kept and others removed, which is not carried out yet: a deletion ends here as unsupported',
    },
  ];
}

/** What a minimum demands and an erasure would remove: somebody has to say which of them holds. */
function minimumFindings(
  policy: CompiledPolicy,
  dataset: GovernedDataset,
  erasures: readonly FieldErasure[],
): readonly Finding[] {
  return erasures.flatMap(({ field, then, rules }) => {
    if (then !== 'purge') return [];
    const minimums = purposesOf(policy, dataset).flatMap((purpose) =>
      policy.minimums(policy.place(question(dataset, field, purpose))),
    );
    const names = [...new Set(minimums.map(({ name }) => `retention/${name}`))];
    if (names.length === 0) return [];
    const { store, dataset: name } = dataset;
    const message = `an erasure would remove what ${names.join(', ')} keeps for a time at least: say in an erasure rule that it is retained, and on which basis`;
    return [{ store, dataset: name, fields: [field.field], rules: [...rules, ...names], message }];
  });
}

/** Rules that would hold if more were known of the rows: by consent, and by a jurisdiction that the data map does not name. */
function dormantRules(policy: CompiledPolicy, dataset: GovernedDataset): readonly Finding[] {
  const variants = unknownsOf(policy, dataset);
  const names = new Set<string>();
  for (const field of variants.length === 0 ? [] : contentOf(dataset)) {
    for (const purpose of purposesOf(policy, dataset)) {
      const asked = question(dataset, field, purpose);
      const holds = policy.maximum(policy.place(asked))?.name;
      const others = variants.map((variant) => policy.maximum(policy.place({ ...asked, ...variant }))?.name);
      for (const other of others) if (other !== undefined && other !== holds) names.add(`retention/${other}`);
    }
  }
  if (names.size === 0) return [];
  const { store, dataset: name } = dataset;
  const message =
    'not carried out here: rows do not tell a person’s consent, nor a jurisdiction unless the data map names one; the next less specific rule holds';
  return [{ store, dataset: name, rules: [...names].sort(), message }];
}

/** Everything that a consent or a jurisdiction may be, where rules ask and the dataset does not tell. */
function unknownsOf(
  { policy }: CompiledPolicy,
  { jurisdiction }: GovernedDataset,
): readonly Pick<FieldQuestion, 'consent' | 'jurisdiction'>[] {
  const matches = Object.values(policy.retention).map(({ match }) => match);
  const byConsent = matches.some(({ consent }) => consent !== undefined);
  const places = jurisdiction === null ? Object.keys(policy.jurisdictions) : [];
  return [
    ...(byConsent ? consentStates.map((consent) => ({ consent })) : []),
    ...places.map((name) => ({ jurisdiction: name })),
  ];
}

/** What a dataset's signals may have been collected for; undefined: for nothing that is said. */
function purposesOf(
  { policy }: CompiledPolicy,
  { purposes }: GovernedDataset,
): readonly (string | undefined)[] {
  return purposes ?? [undefined, ...Object.keys(policy.purposes)];
}
