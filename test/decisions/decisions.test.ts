import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { consentActions, decide, reasons, type DecisionState } from '#consent';
import { parsePolicy } from '#policy';

const rowSchema = z.strictObject({
  name: z.string(),
  state: z.literal('unavailable').optional(),
  policy: z.literal('none').optional(),
  known: z.boolean().default(true),
  suppressed: z.boolean().default(false),
  consent: z.enum(consentActions).optional(),
  expiresAt: z.coerce.date().optional(),
  purpose: z.string(),
  optOutSignal: z.boolean().default(false),
  atLeast: z.number().optional(),
  expect: z.string(),
});
type Row = z.infer<typeof rowSchema>;

const now = new Date('2026-06-15T12:00:00Z');
const policy = parsePolicy(`
purposes:
  recommendations: { title: Recommendations, legalBasis: consent }
  analytics: { title: Analytics, legalBasis: consent, honoursOptOutSignal: true }
  service: { title: Service, legalBasis: contract }
  research: { title: Research, legalBasis: legitimate_interest, honoursOptOutSignal: true }
`);
const table = z
  .array(rowSchema)
  .parse(parse(readFileSync(new URL('decisions.yaml', import.meta.url), 'utf8')));

function stateOf(row: Row): DecisionState | undefined {
  if (row.state === 'unavailable') return undefined;
  return {
    revision: 40,
    policy: row.policy === 'none' ? undefined : { version: 7, policy },
    subjectKnown: row.known,
    suppressed: row.suppressed,
    consent:
      row.consent === undefined
        ? undefined
        : {
            action: row.consent,
            since: new Date('2026-01-01'),
            expiresAt: row.expiresAt ?? null,
            noticeVersion: '1',
            number: 12,
          },
  };
}

describe('the decision table', () => {
  it.each(table.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { effect, reason } = decide(
      stateOf(row),
      { purpose: row.purpose, optOutSignal: row.optOutSignal, atLeast: row.atLeast },
      now,
    );
    expect(`${effect} ${reason}`).toBe(row.expect);
  });

  it('has a row for every reason', () => {
    const covered = new Set(table.map((row) => row.expect.split(' ')[1]));
    expect(reasons.filter((reason) => !covered.has(reason))).toEqual([]);
  });

  it('names evidence with every answer it could read the state for', () => {
    const row = table.find(({ name }) => name === 'consent given')!;
    expect(
      decide(stateOf(row), { purpose: row.purpose, optOutSignal: false, atLeast: undefined }, now),
    ).toEqual({
      effect: 'allow',
      reason: 'consent.given',
      basisRecord: {
        legalBasis: 'consent',
        event: 12,
        noticeVersion: '1',
        since: new Date('2026-01-01'),
        expiresAt: null,
      },
      policyVersion: 7,
      revision: 40,
    });
  });
});

function inForce(consent: DecisionState['consent'], at: Date): boolean {
  return consent?.action === 'grant' && (consent.expiresAt === null || consent.expiresAt > at);
}

describe('decide', () => {
  const states = fc.record({
    revision: fc.nat(100),
    policy: fc.constantFrom(undefined, { version: 7, policy }),
    subjectKnown: fc.boolean(),
    suppressed: fc.boolean(),
    consent: fc.option(
      fc.record({
        action: fc.constantFrom(...consentActions),
        since: fc.date({ noInvalidDate: true }),
        expiresAt: fc.option(fc.date({ noInvalidDate: true })),
        noticeVersion: fc.option(fc.string()),
        number: fc.nat(),
      }),
      { nil: undefined },
    ),
  });
  const questions = fc.record({
    purpose: fc.oneof(fc.constantFrom('recommendations', 'analytics', 'service', 'research'), fc.string()),
    optOutSignal: fc.boolean(),
    atLeast: fc.option(fc.nat(100), { nil: undefined }),
  });

  it('allows only a known, unsuppressed person, under a policy, with a grant in force or a declared basis nobody objected to', () => {
    fc.assert(
      fc.property(
        fc.option(states, { nil: undefined }),
        questions,
        fc.date({ noInvalidDate: true }),
        (state, question, at) => {
          const { effect } = decide(state, question, at);
          if (effect === 'deny') return;
          expect(state).toMatchObject({ subjectKnown: true, suppressed: false });
          expect(state?.revision).toBeGreaterThanOrEqual(question.atLeast ?? 0);
          const purpose = policy.purposes[question.purpose]!;
          expect(question.optOutSignal && purpose.honoursOptOutSignal).toBe(false);
          expect(inForce(state?.consent, at) || purpose.legalBasis !== 'consent').toBe(true);
          expect(state?.consent?.action ?? 'grant').toBe('grant');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
