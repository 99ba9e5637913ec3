import type { ErasureRule, Policy, RetentionRule } from './policy.js';
import { RuleIndex, type Place } from './rule-index.js';

/** A rule with the name it has in its section. */
export interface Named<Rule> {
  readonly name: string;
  readonly rule: Rule;
}

/** What is asked of a policy: a field of a dataset, and what is known of the signals in it. */
export interface FieldQuestion {
  readonly store: string;
  readonly dataset: string;
  readonly field: string;
  readonly category: string;
  readonly purpose?: string;
  readonly jurisdiction?: string;
  readonly consent?: string;
}

/** A policy made ready to be asked: a look-up takes no longer however many rules there are. */
export interface CompiledPolicy {
  readonly policy: Policy;
  /** A question made ready, to be asked more than once. */
  place(question: FieldQuestion): Place;
  /** The rule that says how long signals are kept at most. */
  maximum(place: Place): Named<RetentionRule> | undefined;
  /** All rules that say how long signals are kept at least. */
  minimums(place: Place): readonly Named<RetentionRule>[];
  /** The rule that says what becomes of a field when its subject is erased. */
  erasure(place: Place): Named<ErasureRule> | undefined;
}

/** The rules of a policy as indexes. */
export interface Indexes {
  readonly maximum: RuleIndex<Named<RetentionRule>>;
  readonly minimum: RuleIndex<Named<RetentionRule>>;
  readonly erasure: RuleIndex<Named<ErasureRule>>;
}

export function indexRules(policy: Policy): Indexes {
  const maximum = new RuleIndex<Named<RetentionRule>>();
  const minimum = new RuleIndex<Named<RetentionRule>>();
  const erasure = new RuleIndex<Named<ErasureRule>>();
  for (const [name, rule] of Object.entries(policy.retention)) {
    const named = { name, rule };
    if (rule.keep !== undefined) maximum.add(rule.match, named);
    if (rule.atLeast !== undefined) minimum.add(rule.match, named);
  }
  for (const [name, rule] of Object.entries(policy.erasure)) erasure.add(rule.match, { name, rule });
  return { maximum, minimum, erasure };
}

const compiled = new WeakMap<Policy, CompiledPolicy>();

/** Compiles a policy that `composePolicy` accepted; the same policy only once. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const { maximum, minimum, erasure } = indexRules(policy);
  const enclosing = new Map<string, readonly string[]>();
  const jurisdictions = (name: string) =>
    remember(enclosing, name, () => enclosingJurisdictions(policy, name));
  const categories = new Map<string, readonly string[]>();
  const made: CompiledPolicy = {
    policy,
    place: ({ store, dataset, field, category, purpose, jurisdiction, consent }) => ({
      store: [store],
      dataset: [dataset],
      field: [field],
      category: remember(categories, category, () => broader(category)),
      purpose: purpose === undefined ? [] : [purpose],
      jurisdiction: jurisdiction === undefined ? [] : jurisdictions(jurisdiction),
      consent: consent === undefined ? [] : [consent],
    }),
    maximum: (place) => maximum.first(place),
    minimums: (place) => minimum.all(place),
    erasure: (place) => erasure.first(place),
  };
  compiled.set(policy, made);
  return made;
}

/** user.contact.email, then user.contact, then user. Terms of the Data Privacy Vocabulary stand for themselves. */
export function broader(category: string): readonly string[] {
  if (category.includes(':')) return [category];
  const parts = category.split('.');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('.'));
}

/** A jurisdiction, then those that it lies within. */
export function enclosingJurisdictions(
  { jurisdictions }: Pick<Policy, 'jurisdictions'>,
  name: string,
): readonly string[] {
  const found = [name];
  for (let next = jurisdictions[name]?.within; next !== undefined; next = jurisdictions[next]?.within) {
    if (found.includes(next)) break;
    found.push(next);
  }
  return found;
}

/** Names come from documents of bounded size; a map of more of them than that starts anew. */
const mostRemembered = 50_000;

function remember(
  known: Map<string, readonly string[]>,
  key: string,
  make: () => readonly string[],
): readonly string[] {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= mostRemembered) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}
