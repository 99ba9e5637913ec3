import { decide, type Decision, type DecisionState, type Reason } from '#decisions';
import type { Policy, Purpose } from '#policy';
import { addDuration } from '#policy/domain';

/** Whether, and from when on, a person may be asked about a purpose. */
export interface Prompt {
  readonly ask: boolean;
  /** Nobody asks before; null where nothing stands in the way, or nothing is to be asked at all. */
  readonly notBefore: Date | null;
}

/** What is done with a purpose, in words for the person. */
export interface Explanation {
  readonly purpose: string;
  readonly title: string;
  readonly within: string | null;
  readonly decision: Decision;
  readonly sentence: string;
  /** The notice in the language asked for, or in its own. */
  readonly notice: { readonly version: string; readonly language: string; readonly text: string } | null;
  readonly prompt: Prompt;
}

/** Explains every purpose of a policy to one person, in the policy's order. Pure. */
export function explain(
  policy: Policy,
  state: DecisionState,
  asked: { readonly jurisdiction?: string | undefined; readonly language?: string | undefined },
  now: Date,
): readonly Explanation[] {
  return Object.entries(policy.purposes).map(([name, purpose]) => {
    const question = {
      purpose: name,
      jurisdiction: asked.jurisdiction,
      optOutSignal: false,
      atLeast: undefined,
    };
    const decision = decide(state, question, now);
    return {
      purpose: name,
      title: purpose.title,
      within: purpose.within ?? null,
      decision,
      sentence: sentenceOf(policy, decision, name),
      notice: noticeIn(purpose, asked.language),
      prompt: promptOf(purpose, decision, now),
    };
  });
}

const inWords: Readonly<Record<Reason, string>> = {
  'consent.given': 'You agreed to this',
  'basis.declared': 'This does not need your consent',
  'consent.missing': 'You have not been asked about this yet, so it is not done',
  'consent.refused': 'You said no to this',
  'consent.withdrawn': 'You took your consent back',
  'consent.expired': 'Your consent has run out',
  'consent.objected': 'You objected to this',
  'consent.invalidated': 'Your consent to this was found not to be valid, so it is not used',
  'consent.notice_changed':
    'What we would do has changed since you agreed, so it is not done until you agree again',
  'collection.not_allowed': 'You had not agreed to this when it was collected',
  'collection.unknown': 'We are not sure what you had said when it was collected, so it is not used',
  'signal.opt_out': 'Your browser asked not to',
  'signal.not_consented': 'Your browser or app passed on that you did not agree',
  'subject.unknown': 'We do not know you',
  'subject.suppressed': 'You were erased, so nothing is done',
  'purpose.unknown': 'We do not do this',
  'jurisdiction.unknown': 'We do not know the rules where you are, so it is not done',
  'policy.missing': 'No rules are in force, so nothing is done',
  'revision.stale': 'We are not sure what you said last, so it is not done',
  'replica.stale': 'We are not sure what you said last, so it is not done',
  'dependency.unavailable': 'We cannot look up what you said, so it is not done',
};

const bases: Readonly<Record<NonNullable<Decision['basisRecord']>['legalBasis'], string>> = {
  consent: 'your consent',
  contract: 'our contract with you',
  legal_obligation: 'a legal obligation of ours',
  vital_interest: 'the protection of somebody’s life',
  public_task: 'a task in the public interest',
  legitimate_interest: 'our legitimate interest, to which you may object',
};

function sentenceOf(policy: Policy, { reason, basisRecord }: Decision, purpose: string): string {
  const words = inWords[reason];
  if (basisRecord === null) return `${words}.`;
  if (reason === 'basis.declared') return `${words}: it rests on ${bases[basisRecord.legalBasis]}.`;
  const on = reason === 'consent.expired' ? basisRecord.expiresAt : basisRecord.since;
  const day = on === null ? '' : ` on ${on.toISOString().slice(0, 10)}`;
  const outer =
    basisRecord.purpose === purpose
      ? ''
      : `, for “${policy.purposes[basisRecord.purpose]?.title ?? basisRecord.purpose}”, of which this is a part`;
  return `${words}${day}${outer}.`;
}

function noticeIn({ notice }: Purpose, language: string | undefined): Explanation['notice'] {
  if (notice === undefined) return null;
  const { version, text, translations } = notice;
  // A text for the language at large serves where there is none for the region.
  const wanted = [language, language?.split('-')[0]].find(
    (tag) => tag !== undefined && Object.hasOwn(translations, tag),
  );
  const translated = wanted === undefined ? undefined : translations[wanted];
  return wanted === undefined || translated === undefined
    ? { version, language: notice.language, text }
    : { version, language: wanted, text: translated };
}

/** What a person is asked about at once: nothing was said, or what was said no longer counts. */
const unanswered: readonly Reason[] = [
  'consent.missing',
  'consent.expired',
  'consent.notice_changed',
  'consent.invalidated',
];
/** What a person is asked about again only when the policy's pause is over. */
const answeredNo: readonly Reason[] = ['consent.refused', 'consent.withdrawn', 'consent.objected'];
const never: Prompt = { ask: false, notBefore: null };

/**
 * A person is asked when their consent is what is missing, and after a no only once the policy's pause is over (California:
 * 12 months, 11 CCR 7028).
 */
function promptOf({ pause }: Purpose, { reason, basisRecord }: Decision, now: Date): Prompt {
  if (basisRecord?.legalBasis !== 'consent') return never;
  if (unanswered.includes(reason)) return { ask: true, notBefore: null };
  if (!answeredNo.includes(reason) || pause === undefined || basisRecord.since === null) return never;
  const notBefore = addDuration(basisRecord.since, pause);
  return { ask: notBefore <= now, notBefore };
}
