import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { decisionRules } from '#consent';
import {
  consentActions,
  decide,
  reasons,
  type ConsentState,
  type DecisionState,
  type PastState,
  type Unreadable,
} from '#decisions';
import { parsePolicy } from '#policy';

const consent = z.enum(consentActions);
const rowSchema = z.strictObject({
  name: z.string(),
  state: z.enum(['unavailable', 'stale']).optional(),
  policy: z.literal('none').optional(),
  known: z.boolean().default(true),
  suppressed: z.boolean().default(false),
  /** What the person said about the purpose itself, and about purposes that it may be part of. */
  consent: consent.optional(),
  others: z.record(z.string(), consent).default({}),
  expiresAt: z.coerce.date().optional(),
  noticeVersion: z.string().default('1'),
  purpose: z.string(),
  jurisdiction: z.string().optional(),
  optOutSignal: z.boolean().default(false),
  signalDenies: z.boolean().default(false),
  atLeast: z.number().optional(),
  /** When the person spoke last, when the signal was collected, and what they had said of the purpose by then. */
  since: z.coerce.date().default(new Date('2026-01-01')),
  collectedAt: z.coerce.date().optional(),
  then: z.union([z.enum(['unread', 'nothing', 'no policy of it']), consent]).default('unread'),
  expect: z.string(),
});
type Row = z.infer<typeof rowSchema>;

const now = new Date('2026-06-15T12:00:00Z');
const policy = parsePolicy(`
jurisdictions:
  us: { title: United States }
  us-ca: { title: California, within: us }
  eu: { title: European Union }
purposes:
  recommendations: { title: Recommendations, legalBasis: consent }
  analytics: { title: Analytics, legalBasis: consent, honoursOptOutSignal: true }
  service: { title: Service, legalBasis: contract }
  research: { title: Research, legalBasis: legitimate_interest, honoursOptOutSignal: true }
  marketing: { title: Marketing, legalBasis: consent, bases: { us: legitimate_interest } }
  letters: { title: Letters, legalBasis: consent, within: marketing }
  letters-by-interest: { title: Letters by what you like, legalBasis: consent, within: letters }
  changing: { title: Of which the notice changed, legalBasis: consent, notice: { version: '2', text: New., asksAgain: true } }
`);
const rules = decisionRules({ version: 7, policy });
const table = z
  .array(rowSchema)
  .parse(parse(readFileSync(new URL('decisions.yaml', import.meta.url), 'utf8')));

function stateOf(row: Row): DecisionState | Unreadable {
  if (row.state !== undefined) return row.state;
  const said = { ...row.others, ...(row.consent === undefined ? {} : { [row.purpose]: row.consent }) };
  const consents = Object.entries(said).map(([purpose, action]): [string, ConsentState] => [
    purpose,
    {
      action,
      since: row.since,
      expiresAt: row.expiresAt ?? null,
      noticeVersion: row.noticeVersion,
      number: 12,
    },
  ]);
  return {
    revision: 40,
    rules: row.policy === 'none' ? undefined : rules,
    subjectKnown: row.known,
    suppressed: row.suppressed,
    consents: new Map(consents),
    atCollection: row.then === 'unread' ? undefined : pastOf(row, row.then),
  };
}

function pastOf({ purpose, since }: Row, then: Exclude<Row['then'], 'unread'>): PastState {
  if (then === 'no policy of it') return { rules: { ...rules, purposes: {} }, consents: new Map() };
  if (then === 'nothing') return { rules, consents: new Map() };
  const said = { action: then, since: new Date(since.getTime() - 1), noticeVersion: '1', number: 3 };
  return { rules, consents: new Map([[purpose, { ...said, expiresAt: new Date('2026-03-01') }]]) };
}

const questionOf = ({ purpose, jurisdiction, optOutSignal, signalDenies, atLeast, collectedAt }: Row) => ({
  purpose,
  jurisdiction,
  optOutSignal,
  signalDenies,
  atLeast,
  collectedAt,
});

describe('the decision table', () => {
  it.each(table.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { effect, reason } = decide(stateOf(row), questionOf(row), now);
    expect(`${effect} ${reason}`).toBe(row.expect);
  });

  it('has a row for every reason', () => {
    const covered = new Set(table.map((row) => row.expect.split(' ')[1]));
    expect(reasons.filter((reason) => !covered.has(reason))).toEqual([]);
  });

  it('names evidence with every answer it could read the state for', () => {
    const row = table.find(({ name }) => name === 'consent given')!;
    expect(decide(stateOf(row), questionOf(row), now)).toEqual({
      effect: 'allow',
      reason: 'consent.given',
      basisRecord: {
        legalBasis: 'consent',
        purpose: 'recommendations',
        event: 12,
        noticeVersion: '1',
        since: new Date('2026-01-01'),
        expiresAt: null,
      },
      conditions: { leaveOut: [], maximumAge: null },
      policyVersion: 7,
      revision: 40,
    });
  });
});

const isNo = (state: ConsentState | undefined) =>
  state !== undefined && ['refuse', 'withdraw', 'object', 'invalidate'].includes(state.action);
const holds = (state: ConsentState | undefined, at: Date) =>
  state !== undefined &&
  ['grant', 'renew'].includes(state.action) &&
  (state.expiresAt === null || state.expiresAt > at);

type Asked = ReturnType<typeof questionOf>;

/** What an allow is never without. */
function expectWarranted(state: DecisionState, question: Asked, at: Date): void {
  expect(state).toMatchObject({ subjectKnown: true, suppressed: false });
  expect(state.revision).toBeGreaterThanOrEqual(question.atLeast ?? 0);
  const purpose = policy.purposes[question.purpose]!;
  expect(question.signalDenies || (question.optOutSignal && purpose.honoursOptOutSignal)).toBe(false);
  expect(question.jurisdiction).not.toBe('mars');
  for (let outer = purpose.within; outer !== undefined; outer = policy.purposes[outer]!.within)
    expect(isNo(state.consents.get(outer))).toBe(false);
  const own = state.consents.get(question.purpose);
  expect(isDeclared(question) ? own?.action === 'invalidate' || !isNo(own) : holds(own, at)).toBe(true);
  if (question.purpose === 'changing') expect(own?.noticeVersion).toBe('2');
  expectCollectedSince(own, question.collectedAt);
}

/** No state here knows of an earlier one. */
function expectCollectedSince(own: ConsentState | undefined, collectedAt: Date | undefined): void {
  if (own !== undefined && collectedAt !== undefined)
    expect(own.since.getTime()).toBeLessThanOrEqual(collectedAt.getTime());
}

function isDeclared({ purpose, jurisdiction = '' }: Asked): boolean {
  if (purpose === 'marketing' && jurisdiction.startsWith('us')) return true;
  return policy.purposes[purpose]!.legalBasis !== 'consent';
}

describe('decide', () => {
  const names = Object.keys(policy.purposes);
  const consents = fc.record({
    action: fc.constantFrom(...consentActions),
    since: fc.date({ noInvalidDate: true }),
    expiresAt: fc.option(fc.date({ noInvalidDate: true })),
    noticeVersion: fc.option(fc.constantFrom('1', '2')),
    number: fc.nat(),
  });
  const states = fc.record({
    revision: fc.nat(100),
    rules: fc.constantFrom(undefined, rules),
    subjectKnown: fc.boolean(),
    suppressed: fc.boolean(),
    consents: fc
      .array(fc.tuple(fc.constantFrom(...names), consents), { maxLength: 8 })
      .map((entries) => new Map(entries)),
  });
  const questions = fc.record({
    purpose: fc.oneof(fc.constantFrom(...names), fc.string()),
    jurisdiction: fc.option(fc.constantFrom('us', 'us-ca', 'eu', 'mars'), { nil: undefined }),
    optOutSignal: fc.boolean(),
    signalDenies: fc.boolean(),
    atLeast: fc.option(fc.nat(100), { nil: undefined }),
    collectedAt: fc.option(fc.date({ noInvalidDate: true }), { nil: undefined }),
  });

  it('allows only a known, unsuppressed person, under a policy, with a grant in force or a declared basis, and no no on the way up', () => {
    fc.assert(
      fc.property(
        fc.oneof(states, fc.constantFrom('unavailable' as const, 'stale' as const)),
        questions,
        fc.date({ noInvalidDate: true }),
        (state, question, at) => {
          const { effect, conditions } = decide(state, question, at);
          expect(conditions === null).toBe(effect === 'deny');
          if (effect === 'deny') return;
          if (typeof state === 'string') throw new Error('allowed without a state');
          expectWarranted(state, question, at);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('is never moved to an allow by a signal, nor by another no', () => {
    fc.assert(
      fc.property(
        states,
        questions,
        fc.constantFrom(...names),
        fc.date({ noInvalidDate: true }),
        (state, question, other, at) => {
          const plain = { ...question, optOutSignal: false, signalDenies: false };
          if (decide(state, plain, at).effect === 'allow') return;
          expect(decide(state, question, at).effect).toBe('deny');
          const no = {
            action: 'withdraw',
            since: at,
            expiresAt: null,
            noticeVersion: null,
            number: 1,
          } as const;
          const more = { ...state, consents: new Map([...state.consents, [other, no]]) };
          expect(decide(more, plain, at).effect).toBe('deny');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
