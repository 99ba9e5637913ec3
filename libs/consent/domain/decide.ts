import type { AppliedPolicy, Purpose } from '#policy';

/** Why a decision came out as it did. Each code has rows in test/decisions. */
export const reasons = [
  'consent.given',
  'basis.declared',
  'consent.missing',
  'consent.refused',
  'consent.withdrawn',
  'consent.expired',
  'consent.objected',
  'signal.opt_out',
  'subject.unknown',
  'subject.suppressed',
  'purpose.unknown',
  'policy.missing',
  'revision.stale',
  'dependency.unavailable',
] as const;
export type Reason = (typeof reasons)[number];

/** What a person did about a purpose. */
export const consentActions = ['grant', 'refuse', 'withdraw', 'object'] as const;
export type ConsentAction = (typeof consentActions)[number];

/** What holds now for one subject and purpose: the last event. */
export interface ConsentState {
  readonly action: ConsentAction;
  readonly since: Date;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
  /** The event's number in the tenant's ledger. */
  readonly number: number;
}

/** Everything a decision depends on, read in one snapshot. */
export interface DecisionState {
  readonly revision: number;
  readonly policy: AppliedPolicy | undefined;
  readonly subjectKnown: boolean;
  readonly suppressed: boolean;
  readonly consent: ConsentState | undefined;
}

export interface Question {
  readonly purpose: string;
  /** The request carries an opt-out signal (Global Privacy Control). */
  readonly optOutSignal: boolean;
  /** The answer must know of everything up to this revision. */
  readonly atLeast: number | undefined;
}

/** What the answer rests on, so that it can be checked later against the ledger and the policy of the day. */
export interface BasisRecord {
  readonly legalBasis: Purpose['legalBasis'];
  readonly event: number | null;
  readonly noticeVersion: string | null;
  readonly since: Date | null;
  readonly expiresAt: Date | null;
}

export interface Decision {
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
  readonly basisRecord: BasisRecord | null;
  readonly policyVersion: number | null;
  /** Null when the state could not be read. */
  readonly revision: number | null;
}

/**
 * May this purpose use this person's signals now? Total and pure: default deny, and an unreadable state
 * (`undefined`) denies too.
 */
export function decide(state: DecisionState | undefined, question: Question, now: Date): Decision {
  if (state === undefined)
    return {
      effect: 'deny',
      reason: 'dependency.unavailable',
      basisRecord: null,
      policyVersion: null,
      revision: null,
    };
  const purpose = lookUp(state, question.purpose);
  const [effect, reason] = judge(state, purpose, question, now);
  return {
    effect,
    reason,
    basisRecord: purpose === undefined || !state.subjectKnown ? null : basisRecord(purpose, state.consent),
    policyVersion: state.policy?.version ?? null,
    revision: state.revision,
  };
}

function lookUp(state: DecisionState, name: string): Purpose | undefined {
  const purposes = state.policy?.policy.purposes ?? {};
  return Object.hasOwn(purposes, name) ? purposes[name] : undefined;
}

function judge(
  state: DecisionState,
  purpose: Purpose | undefined,
  question: Question,
  now: Date,
): readonly [Decision['effect'], Reason] {
  if (question.atLeast !== undefined && state.revision < question.atLeast) return ['deny', 'revision.stale'];
  if (state.policy === undefined) return ['deny', 'policy.missing'];
  if (purpose === undefined) return ['deny', 'purpose.unknown'];
  if (state.suppressed) return ['deny', 'subject.suppressed'];
  if (!state.subjectKnown) return ['deny', 'subject.unknown'];
  if (question.optOutSignal && purpose.honoursOptOutSignal) return ['deny', 'signal.opt_out'];
  return purpose.legalBasis === 'consent' ? judgeConsent(state.consent, now) : judgeDeclared(state.consent);
}

function judgeConsent(consent: ConsentState | undefined, now: Date): readonly [Decision['effect'], Reason] {
  if (consent === undefined) return ['deny', 'consent.missing'];
  switch (consent.action) {
    case 'refuse':
      return ['deny', 'consent.refused'];
    case 'withdraw':
      return ['deny', 'consent.withdrawn'];
    case 'object':
      return ['deny', 'consent.objected'];
    case 'grant':
      return consent.expiresAt !== null && consent.expiresAt <= now
        ? ['deny', 'consent.expired']
        : ['allow', 'consent.given'];
  }
}

/** A basis declared in policy holds until the person objects (GDPR Art. 21); withdrawing or refusing reads as objecting. */
function judgeDeclared(consent: ConsentState | undefined): readonly [Decision['effect'], Reason] {
  return consent === undefined || consent.action === 'grant'
    ? ['allow', 'basis.declared']
    : ['deny', 'consent.objected'];
}

function basisRecord(purpose: Purpose, consent: ConsentState | undefined): BasisRecord {
  return {
    legalBasis: purpose.legalBasis,
    event: consent?.number ?? null,
    noticeVersion: consent?.noticeVersion ?? null,
    since: consent?.since ?? null,
    expiresAt: consent?.expiresAt ?? null,
  };
}
