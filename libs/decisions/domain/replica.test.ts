import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentActions, decide, type ConsentState, type DecisionState } from './decide.js';
import { normaliseValue } from './identifiers.js';
import { KeyedHasher } from './keyed-hash.js';
import { pack, Replica, travelling, type TravellingPerson } from './replica.js';
import { legalBases, type DecisionRules } from './rules.js';

const key = new Uint8Array(16).fill(7);
const hasher = new KeyedHasher(key);
const start = 1_790_000_000;

function hashOf({ type, value }: { readonly type: string; readonly value: string }): string {
  const { high, low } = hasher.of(type, normaliseValue(type, value));
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
const jurisdictions = ['eu', 'us'];

const rulesOf = fc
  .array(
    fc.record({
      parent: fc.option(fc.nat(39), { nil: undefined }),
      legalBasis: fc.constantFrom(...legalBases),
      us: fc.option(fc.constantFrom(...legalBases), { nil: undefined }),
      honoursOptOutSignal: fc.boolean(),
      onlyNotice: fc.option(fc.constantFrom('1', '2')),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list): DecisionRules => {
    const within = (index: number): string[] => {
      const parent = list[index]?.parent;
      // Only to an earlier one, so that there is no circle.
      return parent === undefined || parent >= index ? [] : [`p${parent}`, ...within(parent)];
    };
    return {
      policyVersion: 3,
      jurisdictions,
      purposes: Object.fromEntries(
        list.map(({ legalBasis, us, honoursOptOutSignal, onlyNotice }, index) => [
          `p${index}`,
          {
            within: within(index),
            legalBasis,
            bases: us === undefined ? {} : { us },
            honoursOptOutSignal,
            onlyNotice,
            conditions: { leaveOut: [], maximumAge: null },
          },
        ]),
      ),
    };
  });
const consent = fc.record({
  action: fc.constantFrom(...consentActions),
  since: fc.constant(new Date(0)),
  expiresAt: fc.option(fc.integer({ min: -3, max: 3 }).map((seconds) => new Date((start + seconds) * 1_000))),
  noticeVersion: fc.option(fc.constantFrom('1', '2')),
  number: fc.constant(1),
});
const person = fc.record({
  known: fc.boolean(),
  suppressed: fc.boolean(),
  consents: fc
    .array(fc.tuple(fc.constantFrom(...names), consent), { maxLength: 30 })
    .map((entries): ReadonlyMap<string, ConsentState> => new Map(entries)),
});
const subjects = ['ann@example.org', ' BOB@example.org ', 'zoé', '42', '', 'x'.repeat(900)].flatMap((value) =>
  ['email', 'account_id'].map((type) => ({ type, value })),
);

describe('a replica', () => {
  it('answers what decide answers, whatever is known, asked and changed meanwhile', () => {
    fc.assert(
      fc.property(
        rulesOf,
        fc.array(fc.tuple(fc.constantFrom(...subjects), person), { maxLength: 30 }),
        fc.array(
          fc.record({
            subject: fc.constantFrom(...subjects),
            purpose: fc.constantFrom(...names, 'none', '__proto__', 'constructor'),
            jurisdiction: fc.option(fc.constantFrom('eu', 'us', 'mars', '__proto__'), { nil: undefined }),
            optOutSignal: fc.boolean(),
            signalDenies: fc.boolean(),
            atLeast: fc.option(fc.constantFrom(8, 9, 10), { nil: undefined }),
            seconds: fc.integer({ min: start - 4, max: start + 4 }),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        (rules, people, questions) => {
          const replica = new Replica(key, [], 4);
          replica.name(names.slice(0, 9));
          replica.name(names);
          replica.govern(rules);
          replica.revision = 9;
          const model = new Map<string, DecisionState>();
          for (const [subject, { known, suppressed, consents }] of people) {
            const hash = hashOf(subject);
            replica.set({ hash, known, suppressed, states: statesOf(consents, rules) });
            model.set(hash, { revision: 9, rules, subjectKnown: known, suppressed, consents });
          }
          for (const { subject, purpose, seconds, jurisdiction, atLeast, ...signals } of questions) {
            const nobody = {
              revision: 9,
              rules,
              subjectKnown: false,
              suppressed: false,
              consents: new Map(),
            };
            const { effect, reason } = decide(
              model.get(hashOf(subject)) ?? nobody,
              { purpose, jurisdiction, atLeast, ...signals },
              new Date(seconds * 1_000 + 999),
            );
            const context = {
              ...signals,
              ...(jurisdiction === undefined ? {} : { jurisdiction }),
              ...(atLeast === undefined ? {} : { atLeast }),
            };
            expect(replica.may(subject, purpose, seconds, context)).toEqual({ effect, reason });
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('takes no end for one to come, however long ago it was', () => {
    for (const end of [-4_000_000_000, -1, 0, 1])
      expect(pack({ known: true, suppressed: false, states: [[0, 1, end]] }, 1).expiries[0]?.at).toBe(
        Math.max(0, end),
      );
  });

  it('denies for want of a policy, and with one again', () => {
    const replica = new Replica(key, []);
    expect(replica.may({ type: 'email', value: 'a' }, 'p0', start)).toEqual({
      effect: 'deny',
      reason: 'policy.missing',
    });
  });

  it('keeps thousands of people apart while it grows, is widened and has ends replaced', () => {
    const rules: DecisionRules = {
      policyVersion: 1,
      jurisdictions: [],
      purposes: Object.fromEntries(
        names.map((name) => [
          name,
          {
            within: [],
            legalBasis: 'consent',
            bases: {},
            honoursOptOutSignal: false,
            onlyNotice: null,
            conditions: { leaveOut: [], maximumAge: null },
          },
        ]),
      ),
    };
    const replica = new Replica(key, names.slice(0, 3), 4);
    const subject = (index: number) => ({ type: 'account_id', value: `user-${index}` });
    const stateOf = (index: number, purpose: number): TravellingPerson['states'][number] => [
      purpose,
      1 + ((index * 31 + purpose) % 7),
      (index + purpose) % 3 === 0 ? start + (index % 5) : null,
    ];
    const people = 5_000;
    for (let round = 0; round < 8; round += 1) {
      const known = round < 4 ? 3 : 40;
      if (round === 4) replica.name(names);
      for (let index = 0; index < people; index += 1)
        replica.set({
          hash: hashOf(subject(index)),
          known: true,
          suppressed: false,
          states: Array.from({ length: known }, (_, purpose) => stateOf(index + round, purpose)),
        });
    }
    replica.govern(rules);
    expect(replica.size).toBe(people);
    const expected = ['', 'given', 'refused', 'withdrawn', 'objected', 'expired', 'invalidated', 'given'];
    const reasonOf = ([, code, end]: TravellingPerson['states'][number]) => {
      const ended = end !== null && end <= start + 2;
      return expected[code] === 'given' && ended ? 'expired' : expected[code];
    };
    for (let index = 0; index < people; index += 7)
      for (const purpose of [0, 2, 31, 32, 39])
        expect(replica.may(subject(index), names[purpose]!, start + 2).reason).toBe(
          `consent.${reasonOf(stateOf(index + 7, purpose))}`,
        );
    for (let index = people; index < people + 1_000; index += 1)
      expect(replica.may(subject(index), 'p0', start).reason).toBe('subject.unknown');
    // What was replaced 40,000 times is not kept.
    expect(replica.bytes).toBeLessThan(people * 400);
  });
});

function statesOf(
  consents: ReadonlyMap<string, ConsentState>,
  rules: DecisionRules,
): TravellingPerson['states'] {
  return [...consents].map(([name, state]) => {
    const [code, end] = travelling(state, rules.purposes[name]?.onlyNotice ?? null);
    return [names.indexOf(name), code, end] as const;
  });
}
