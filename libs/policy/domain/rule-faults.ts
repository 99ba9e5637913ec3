import { neverBelow } from './calendar.js';
import { broader, enclosingJurisdictions, indexRules, type Named } from './compiled-policy.js';
import { dimensions, type Dimension, type Match } from './match.js';
import type { Policy, RetentionRule } from './policy.js';
import { isCategory, purposeFaults, type PolicyFault } from './purpose-faults.js';
import { mostCombinations } from './rule-index.js';

/** What the shape of a policy cannot say: names that must refer to something, rules that tie or contradict each other. */
export function policyFaults(policy: Policy): readonly PolicyFault[] {
  const faults = [
    ...jurisdictionFaults(policy),
    ...purposeFaults(policy),
    ...referenceFaults(policy),
    ...matchFaults(policy),
  ];
  // Rules too wide to be indexed are refused above.
  return faults.length > 0 ? faults : [...tieFaults(policy), ...contradictions(policy)];
}

function jurisdictionFaults({ jurisdictions }: Policy): readonly PolicyFault[] {
  return Object.entries(jurisdictions).flatMap(([name, { within }]) => {
    const path = ['jurisdictions', name, 'within'];
    if (within === undefined) return [];
    if (!Object.hasOwn(jurisdictions, within))
      return [{ path, message: `there is no jurisdiction ${within}` }];
    const lies = enclosingJurisdictions({ jurisdictions }, within).includes(name);
    return lies ? [{ path, message: 'a jurisdiction cannot lie within itself' }] : [];
  });
}

function referenceFaults({ clocks, jurisdictions }: Policy): readonly PolicyFault[] {
  const names = Object.entries(clocks).filter(
    ([, { jurisdiction }]) => jurisdiction !== undefined && !Object.hasOwn(jurisdictions, jurisdiction),
  );
  const unknown = names.map(([name, { jurisdiction }]) => ({
    path: ['clocks', name, 'jurisdiction'],
    message: `there is no jurisdiction ${jurisdiction ?? ''}`,
  }));
  return [...unknown, ...repeatedClocks(clocks)];
}

/** One clock for each jurisdiction, and one for the rest: which of two held would be a guess. */
function repeatedClocks(clocks: Policy['clocks']): readonly PolicyFault[] {
  const seen = new Map<string | undefined, string>();
  return Object.entries(clocks).flatMap(([name, { jurisdiction }]) => {
    const other = seen.get(jurisdiction);
    seen.set(jurisdiction, other ?? name);
    const where = jurisdiction ?? 'every jurisdiction that has none of its own';
    return other === undefined
      ? []
      : [{ path: ['clocks', name], message: `the clock ${other} is for ${where} as well` }];
  });
}

interface Matching {
  readonly path: readonly (string | number)[];
  readonly match: Match;
}

function matches(policy: Policy): readonly Matching[] {
  const retention = Object.entries(policy.retention).flatMap(([name, { match, exceptions }]) => [
    { path: ['retention', name, 'match'], match },
    ...exceptions.map((exception, index) => ({
      path: ['retention', name, 'exceptions', index, 'match'],
      match: exception.match,
    })),
  ]);
  const erasure = Object.entries(policy.erasure).map(([name, { match }]) => ({
    path: ['erasure', name, 'match'],
    match,
  }));
  return [...retention, ...erasure];
}

function matchFaults(policy: Policy): readonly PolicyFault[] {
  return matches(policy).flatMap(({ path, match }) => {
    const unknown = (dimension: Dimension, isKnown: (value: string) => boolean) =>
      (match[dimension] ?? [])
        .filter((value) => !isKnown(value))
        .map((value) => ({ path: [...path, dimension], message: `there is no ${dimension} ${value}` }));
    const combinations = dimensions.reduce((product, each) => product * (match[each]?.length ?? 1), 1);
    return [
      ...unknown('purpose', (name) => Object.hasOwn(policy.purposes, name)),
      ...unknown('jurisdiction', (name) => Object.hasOwn(policy.jurisdictions, name)),
      ...unknown('category', (name) => isCategory(policy, name)),
      ...(combinations > mostCombinations
        ? [{ path, message: `the lists have more than ${mostCombinations} combinations` }]
        : []),
    ];
  });
}

function tieFaults(policy: Policy): readonly PolicyFault[] {
  const { maximum, erasure } = indexRules(policy);
  const faults = (section: 'retention' | 'erasure', ties: readonly (readonly Named<unknown>[])[]) =>
    ties.flatMap((rules) => {
      const [first, ...others] = rules.map(({ name }) => name);
      return others.map((name) => ({
        path: [section, name, 'match'],
        message: `overlaps with ${section}/${first ?? ''}, and neither is more specific: which one holds would be a guess`,
      }));
    });
  return distinct([...faults('retention', maximum.ties()), ...faults('erasure', erasure.ties())]);
}

function distinct(faults: readonly PolicyFault[]): readonly PolicyFault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}

/** A maximum wherever it holds under a longer minimum can never be right; where they only meet, the plan finds it. */
function contradictions(policy: Policy): readonly PolicyFault[] {
  const rules = Object.entries(policy.retention);
  const minimums = rules.filter(([, rule]) => rule.atLeast !== undefined);
  return rules.flatMap(([name, rule]) =>
    minimums
      .filter(
        ([other, minimum]) => other !== name && contradicts(rule, minimum) && lies(policy, rule, minimum),
      )
      .map(([other, { atLeast }]) => ({
        path: ['retention', name, 'keep'],
        message: `keeps for ${rule.keep ?? ''} at most what retention/${other} keeps for ${atLeast ?? ''} at least`,
      })),
  );
}

/** Whether a rule keeps for a shorter time than another demands, counted from the same moment. */
export function contradicts(maximum: RetentionRule, minimum: RetentionRule): boolean {
  const { keep, from } = maximum;
  if (keep === undefined || keep === 'indefinitely' || minimum.atLeast === undefined) return false;
  return from === minimum.from && !neverBelow(keep, minimum.atLeast);
}

/** Whether everything that one rule matches is matched by the other. */
function lies(policy: Policy, inner: RetentionRule, outer: RetentionRule): boolean {
  return dimensions.every((dimension) => {
    const wide = outer.match[dimension];
    if (wide === undefined) return true;
    const narrow: readonly string[] = inner.match[dimension] ?? [];
    const within = new Set<string>(wide);
    return (
      narrow.length > 0 &&
      narrow.every((value) => enclosing(policy, dimension, value).some((one) => within.has(one)))
    );
  });
}

function enclosing(policy: Policy, dimension: Dimension, value: string): readonly string[] {
  if (dimension === 'category') return broader(value);
  return dimension === 'jurisdiction' ? enclosingJurisdictions(policy, value) : [value];
}
