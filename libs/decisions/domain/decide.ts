import type { Reason } from './reasons.js';
import {
  basisIn,
  purposeOf,
  type Conditions,
  type DecisionRules,
  type LegalBasis,
  type PurposeRules,
} from './rules.js';

/** What happens to a consent (ISO/IEC TS 27560 states; GDPR Arts. 7 and 21). */
export const consentActions = [
  'grant',
  'refuse',
  'withdraw',
  'object',
  'expire',
  'invalidate',
  'renew',
] as const;
export type ConsentAction = (typeof consentActions)[number];

/** What holds now for one subject and purpose: the event that decides. */
export interface ConsentState {
  readonly action: ConsentAction;
  readonly since: Date;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
  /** The event's number in the tenant's ledger. */
  readonly number: number;
}

/** What a person said, by purpose. */
export interface ConsentsByPurpose {
  get(purpose: string): ConsentState | undefined;
}

/** Everything a decision depends on, read in one snapshot. */
export interface DecisionState {
  readonly revision: number;
  readonly rules: DecisionRules | undefined;
  readonly subjectKnown: boolean;
  readonly suppressed: boolean;
  readonly consents: ConsentsByPurpose;
  /** What held when the signal was collected, where that was read. */
  readonly atCollection?: PastState | undefined;
}

/** What held at an earlier moment. */
export interface PastState {
  readonly rules: DecisionRules;
  readonly consents: ConsentsByPurpose;
}

/** Why there is no state to decide from: it could not be read, or what was read is too old. */
export type Unreadable = 'unavailable' | 'stale';

export interface Question {
  readonly purpose: string;
  /** Where the person is; by default the purpose's own legal basis holds. */
  readonly jurisdiction?: string | undefined;
  /** The request carries an opt-out signal (Global Privacy Control). */
  readonly optOutSignal: boolean;
  /** The request carries a consent string (TCF, GPP) that does not cover the purpose. */
  readonly signalDenies?: boolean;
  /** The answer must know of everything up to this revision. */
  readonly atLeast: number | undefined;
  /** When the signal was collected; one from before the person's last word is judged by what held then as well. */
  readonly collectedAt?: Date | undefined;
  /** Only whether and why: without the record of what it rests on, and without conditions. */
  readonly brief?: boolean;
}

/** What the answer rests on, so that it can be checked later against the ledger and the policy of the day. */
export interface BasisRecord {
  readonly legalBasis: LegalBasis;
  /** The purpose whose consent decides: the one asked for, or one that it lies within. */
  readonly purpose: string;
  readonly event: number | null;
  readonly noticeVersion: string | null;
  readonly since: Date | null;
  readonly expiresAt: Date | null;
}

export interface Decision {
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
  readonly basisRecord: BasisRecord | null;
  /** What an allow is bound to; null with a deny. */
  readonly conditions: Conditions | null;
  readonly policyVersion: number | null;
  /** Null when the state could not be read. */
  readonly revision: number | null;
}

type Verdict = readonly [effect: Decision['effect'], reason: Reason, decidedBy: string];

/**
 * May this purpose use this person's signals now? Total and pure: default deny, and a state that could not be read, or
 * is too old, denies too.
 */
export function decide(state: DecisionState | Unreadable, question: Question, now: Date): Decision {
  if (typeof state === 'string') return unread(state);
  const purpose = state.rules === undefined ? undefined : purposeOf(state.rules, question.purpose);
  const [effect, reason, decidedBy] = judge(state, purpose, question, now);
  const told = question.brief === true ? undefined : purpose;
  return {
    effect,
    reason,
    basisRecord: told === undefined ? null : basisRecord(state, told, question, decidedBy),
    conditions: effect === 'allow' && told !== undefined ? told.conditions : null,
    policyVersion: state.rules?.policyVersion ?? null,
    revision: state.revision,
  };
}

function unread(why: Unreadable): Decision {
  return {
    effect: 'deny',
    reason: why === 'stale' ? 'replica.stale' : 'dependency.unavailable',
    basisRecord: null,
    conditions: null,
    policyVersion: null,
    revision: null,
  };
}

function judge(
  state: DecisionState,
  purpose: PurposeRules | undefined,
  question: Question,
  now: Date,
): Verdict {
  const deny = (reason: Reason): Verdict => ['deny', reason, question.purpose];
  if (question.atLeast !== undefined && state.revision < question.atLeast) return deny('revision.stale');
  if (state.rules === undefined) return deny('policy.missing');
  if (purpose === undefined) return deny('purpose.unknown');
  if (state.suppressed) return deny('subject.suppressed');
  if (!state.subjectKnown) return deny('subject.unknown');
  const signal = signalled(purpose, question);
  if (signal !== undefined) return deny(signal);
  const basis = basisIn(state.rules, purpose, question.jurisdiction);
  if (basis === undefined) return deny('jurisdiction.unknown');
  const verdict = judgePerson(state.consents, purpose, question.purpose, basis, now);
  return verdict[0] === 'allow' ? judgeCollection(state, purpose, question, verdict) : verdict;
}

/** An allow of now, for a signal of its time: what the person said since does not make good what was not allowed then. */
function judgeCollection(
  { consents, atCollection }: DecisionState,
  { within }: PurposeRules,
  { purpose: name, jurisdiction, collectedAt }: Question,
  verdict: Verdict,
): Verdict {
  if (collectedAt === undefined) return verdict;
  const said = [name, ...within].map((one) => consents.get(one));
  if (said.every((consent) => consent === undefined || consent.since <= collectedAt)) return verdict;
  if (atCollection === undefined) return ['deny', 'collection.unknown', name];
  const purpose = purposeOf(atCollection.rules, name);
  const basis = purpose === undefined ? undefined : basisIn(atCollection.rules, purpose, jurisdiction);
  if (purpose === undefined || basis === undefined) return ['deny', 'collection.not_allowed', name];
  const [effect] = judgePerson(atCollection.consents, purpose, name, basis, collectedAt);
  return effect === 'allow' ? verdict : ['deny', 'collection.not_allowed', name];
}

/** What the request itself says against it. */
function signalled(purpose: PurposeRules, { optOutSignal, signalDenies }: Question): Reason | undefined {
  if (optOutSignal && purpose.honoursOptOutSignal) return 'signal.opt_out';
  return signalDenies === true ? 'signal.not_consented' : undefined;
}

/** What the person said: a no to a purpose is a no to those within it, and a yes is a yes to itself alone. */
function judgePerson(
  consents: DecisionState['consents'],
  purpose: PurposeRules,
  name: string,
  basis: LegalBasis,
  now: Date,
): Verdict {
  for (const outer of purpose.within) {
    const no = refusal(consents.get(outer)?.action);
    if (no !== undefined) return ['deny', no, outer];
  }
  const own = consents.get(name);
  const [effect, reason] = basis === 'consent' ? judgeConsent(own, purpose, now) : judgeDeclared(own);
  return [effect, reason, name];
}

/** The reason of an explicit no; a consent that lapsed, or that nobody gave, is none. */
function refusal(action: ConsentAction | undefined): Reason | undefined {
  switch (action) {
    case 'refuse':
      return 'consent.refused';
    case 'withdraw':
      return 'consent.withdrawn';
    case 'object':
      return 'consent.objected';
    case 'invalidate':
      return 'consent.invalidated';
    case 'grant':
    case 'renew':
    case 'expire':
    case undefined:
      return undefined;
  }
}

function judgeConsent(
  consent: ConsentState | undefined,
  { onlyNotice }: PurposeRules,
  now: Date,
): readonly [Decision['effect'], Reason] {
  if (consent === undefined) return ['deny', 'consent.missing'];
  const no = refusal(consent.action);
  if (no !== undefined) return ['deny', no];
  if (hasLapsed(consent, now)) return ['deny', 'consent.expired'];
  if (onlyNotice !== null && consent.noticeVersion !== onlyNotice) return ['deny', 'consent.notice_changed'];
  return ['allow', 'consent.given'];
}

/** Whether a consent that was given has run out; it holds up to its end, and not at it. */
function hasLapsed({ action, expiresAt }: Pick<ConsentState, 'action' | 'expiresAt'>, now: Date): boolean {
  return action === 'expire' || (expiresAt !== null && expiresAt <= now);
}

/** Whether a consent was given and still holds, but for what the policy makes of its notice. */
export function holdsNow(consent: Pick<ConsentState, 'action' | 'expiresAt'>, now: Date): boolean {
  return (consent.action === 'grant' || consent.action === 'renew') && !hasLapsed(consent, now);
}

/** A basis declared in policy holds until the person says no, which reads as objecting (GDPR Art. 21). */
function judgeDeclared(consent: ConsentState | undefined): readonly [Decision['effect'], Reason] {
  const no = refusal(consent?.action);
  return no === undefined || no === 'consent.invalidated'
    ? ['allow', 'basis.declared']
    : ['deny', 'consent.objected'];
}

function basisRecord(
  { rules, subjectKnown, consents }: DecisionState,
  purpose: PurposeRules,
  { jurisdiction }: Question,
  decidedBy: string,
): BasisRecord | null {
  const legalBasis = rules === undefined ? undefined : basisIn(rules, purpose, jurisdiction);
  if (legalBasis === undefined || !subjectKnown) return null;
  const consent = consents.get(decidedBy);
  if (consent === undefined)
    return { legalBasis, purpose: decidedBy, event: null, noticeVersion: null, since: null, expiresAt: null };
  const { number: event, noticeVersion, since, expiresAt } = consent;
  return { legalBasis, purpose: decidedBy, event, noticeVersion, since, expiresAt };
}
