import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dimensions, type Match } from './match.js';
import { RuleIndex, type Place } from './rule-index.js';

interface Rule {
  readonly name: number;
  readonly match: Match;
}

/** A category is matched by what encloses it, the nearest first. */
const chains: Readonly<Record<string, readonly string[]>> = {
  user: ['user'],
  'user.contact': ['user.contact', 'user'],
  'user.contact.email': ['user.contact.email', 'user.contact', 'user'],
  system: ['system'],
};
const values = fc.constantFrom('a', 'b');
const wish = <T>(of: fc.Arbitrary<T>) =>
  fc.option(fc.uniqueArray(of, { minLength: 1, maxLength: 2 }), { nil: undefined });
const match: fc.Arbitrary<Match> = fc
  .record({
    field: wish(values),
    dataset: wish(values),
    store: wish(values),
    category: wish(fc.constantFrom(...Object.keys(chains))),
    purpose: wish(values),
    jurisdiction: wish(values),
    consent: wish(fc.constantFrom('given' as const, 'missing' as const)),
  })
  .map(
    (found) => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Match,
  );
const one = fc.constantFrom<readonly string[]>(['a'], ['b'], []);
const place: fc.Arbitrary<Place> = fc.record({
  field: one,
  dataset: one,
  store: one,
  category: fc.constantFrom(...Object.values(chains)),
  purpose: one,
  jurisdiction: one,
  consent: fc.constantFrom<readonly string[]>(['given'], ['missing'], []),
});

/** How near each dimension of a rule is to a place: 0 the value itself, further what encloses it; null, it does not match. */
function nearness(rule: Match, at: Place): readonly number[] | null {
  const found = dimensions.map((dimension) => {
    const wanted = rule[dimension];
    if (wanted === undefined) return Number.POSITIVE_INFINITY;
    return at[dimension].findIndex((value) => wanted.some((one) => one === value));
  });
  return found.includes(-1) ? null : found;
}

/** The rules that nobody beats: compared dimension by dimension, as the words of match.ts say. */
function best(rules: readonly Rule[], at: Place): readonly Rule[] {
  const matching = rules.flatMap((rule) => {
    const near = nearness(rule.match, at);
    return near === null ? [] : [{ rule, near }];
  });
  const beats = (a: readonly number[], b: readonly number[]) => {
    const index = a.findIndex((value, position) => value !== b[position]);
    return index !== -1 && a[index]! < b[index]!;
  };
  return matching
    .filter(({ near }) => !matching.some((other) => beats(other.near, near)))
    .map(({ rule }) => rule);
}

function indexed(matches: readonly Match[]): {
  readonly rules: readonly Rule[];
  readonly index: RuleIndex<Rule>;
} {
  const rules = matches.map((each, name) => ({ name, match: each }));
  const index = new RuleIndex<Rule>();
  for (const rule of rules) index.add(rule.match, rule);
  return { rules, index };
}

describe('the index of rules', () => {
  it('finds the rule that comparing every rule with every other finds', () => {
    fc.assert(
      fc.property(fc.array(match, { maxLength: 12 }), place, (matches, at) => {
        const { rules, index } = indexed(matches);
        const expected = best(rules, at);
        const found = index.first(at);
        if (expected.length === 0) expect(found).toBeUndefined();
        else expect(expected).toContain(found);
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds all that match, the most specific first', () => {
    fc.assert(
      fc.property(fc.array(match, { maxLength: 12 }), place, (matches, at) => {
        const { rules, index } = indexed(matches);
        const found = index.all(at);
        expect(new Set(found)).toEqual(new Set(rules.filter((rule) => nearness(rule.match, at) !== null)));
        expect(found[0]).toBe(index.first(at));
      }),
      { numRuns: 1_000 },
    );
  });

  it('has a tie wherever two rules could both be the most specific, and only there', () => {
    fc.assert(
      fc.property(fc.array(match, { maxLength: 8 }), place, (matches, at) => {
        const { rules, index } = indexed(matches);
        const tied = index.ties();
        const winners = best(rules, at);
        if (winners.length > 1)
          expect(tied.some((group) => winners.every((rule) => group.includes(rule)))).toBe(true);
        for (const group of tied) {
          const [first, second] = group.map((rule) => rule.match);
          for (const dimension of dimensions) {
            const [a, b]: (readonly string[] | undefined)[] = [first![dimension], second![dimension]];
            expect((a === undefined) === (b === undefined)).toBe(true);
            if (a !== undefined) expect(a.some((value) => b!.includes(value))).toBe(true);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not tie a rule with itself, however often its lists say the same', () => {
    const index = new RuleIndex<string>();
    index.add({ store: ['a', 'a'], category: ['user', 'user'] }, 'once');
    expect(index.ties()).toEqual([]);
  });
});
