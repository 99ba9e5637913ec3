import { DomainError } from '#kernel';
import type { AppliedPolicy, Purpose } from '#policy';
import { addDuration, cutOff } from '#policy/domain';
import { basisFor } from './decision-rules.js';
import type { AcceptedConsent, Actor, ActorKind, ConsentInput, SaidAction } from './consent.js';

/** How far back the clock of a device is believed; what it says of the future is not. */
const longestDelay = 'P30D';

/** What is known of whom an input is about. */
export interface PersonFacts {
  readonly suppressed: boolean;
  /** From when they may consent alone, as YYYY-MM-DD; null when nobody said that they are a child. */
  readonly ofAgeOn: string | null;
  readonly jurisdiction: string | null;
}

/** What an input is held to. */
export interface Held {
  readonly policy: AppliedPolicy;
  readonly person: PersonFacts;
  /** Who acts where the input does not say. */
  readonly actorKind: ActorKind;
  /** Whether a version of a purpose's notice was in any policy of the tenant's. */
  readonly isNotice: (purpose: string, version: string) => boolean;
}

/**
 * Whether the rules let an input be recorded, and as what. Pure. The error is for the caller: it points at the member at
 * fault and never quotes who it is about.
 */
export function checkConsent(input: ConsentInput, held: Held, now: Date): AcceptedConsent | DomainError {
  const { purposes } = held.policy.policy;
  const purpose = Object.hasOwn(purposes, input.purpose) ? purposes[input.purpose] : undefined;
  if (purpose === undefined)
    return invalid('purpose.unknown', `the policy has no purpose ${input.purpose}`, '/purpose');
  return (
    placeFault(input, held) ??
    basisFault(input, purpose, held) ??
    noticeFault(input, purpose, held) ??
    personFault(input, held, now) ??
    accepted(input, purpose, held, now)
  );
}

function invalid(code: string, message: string, pointer: string): DomainError {
  return new DomainError('invalid', code, message, { pointer });
}

function placeFault({ jurisdiction }: ConsentInput, { policy }: Held): DomainError | undefined {
  if (jurisdiction === undefined || Object.hasOwn(policy.policy.jurisdictions, jurisdiction))
    return undefined;
  return invalid('jurisdiction.unknown', `the policy has no jurisdiction ${jurisdiction}`, '/jurisdiction');
}

/** Nobody consents to what rests on something else: the record would say what is not so. */
function basisFault(input: ConsentInput, purpose: Purpose, held: Held): DomainError | undefined {
  const where = input.jurisdiction ?? held.person.jurisdiction ?? undefined;
  const basis = basisFor(held.policy.policy, purpose, where);
  if (basis === 'consent' || !isYes(input.action)) return undefined;
  return invalid('consent.not_needed', `${input.purpose} rests on ${basis}, not on consent`, '/purpose');
}

function noticeFault(
  { purpose: name, noticeVersion, language }: ConsentInput,
  { notice }: Purpose,
  { isNotice }: Held,
): DomainError | undefined {
  const current = noticeVersion === undefined || noticeVersion === notice?.version;
  if (!current && !isNotice(name, noticeVersion))
    return invalid('notice.unknown', `${name} has no notice ${noticeVersion}`, '/noticeVersion');
  // What languages an older notice was in is not looked up again.
  if (!current || notice === undefined || hasText(notice, language)) return undefined;
  return invalid(
    'notice.unknown_language',
    `the notice of ${name} has no text in that language`,
    '/language',
  );
}

function hasText(notice: NonNullable<Purpose['notice']>, language: string | undefined): boolean {
  return (
    language === undefined || language === notice.language || Object.hasOwn(notice.translations, language)
  );
}

function personFault({ action, actor }: ConsentInput, held: Held, now: Date): DomainError | undefined {
  if (held.person.suppressed)
    return new DomainError(
      'conflict',
      'subject.suppressed',
      'this person was erased and must register anew before consenting',
    );
  if (actor?.kind === 'agent' && actor.proof === undefined)
    return invalid('actor.unproven', 'an agent needs the proof of its authority', '/actor/proof');
  if (!isChild(held.person, now) || !isYes(action) || actor?.kind === 'guardian') return undefined;
  return new DomainError(
    'conflict',
    'guardian.needed',
    'this person is too young to consent alone: a guardian has to (GDPR Art. 8)',
  );
}

function isChild({ ofAgeOn }: PersonFacts, now: Date): boolean {
  return ofAgeOn !== null && now.toISOString().slice(0, 10) < ofAgeOn;
}

function isYes(action: SaidAction): boolean {
  return action === 'grant' || action === 'renew';
}

function accepted(input: ConsentInput, purpose: Purpose, held: Held, now: Date): AcceptedConsent {
  const { language = null, context = null, actor } = input;
  const claimed = input.occurredAt ?? now;
  const occurredAt = claimed === now ? now : bounded(claimed, now);
  return {
    purpose: input.purpose,
    action: input.action,
    occurredAt,
    claimedAt: occurredAt.getTime() === claimed.getTime() ? null : claimed,
    expiresAt: isYes(input.action) ? validUntil(occurredAt, purpose, input) : null,
    noticeVersion: shownNotice(input, purpose),
    channel: input.channel,
    ...actedBy(actor, held),
    language,
    jurisdiction: input.jurisdiction ?? held.person.jurisdiction,
    context,
  };
}

function shownNotice({ noticeVersion }: ConsentInput, { notice }: Purpose): string | null {
  return noticeVersion ?? notice?.version ?? null;
}

function actedBy(actor: Actor | undefined, held: Held): Pick<AcceptedConsent, 'actorKind' | 'proof'> {
  return { actorKind: actor?.kind ?? held.actorKind, proof: actor?.proof ?? null };
}

/** A device's clock is believed up to now, and for a while back. */
function bounded(claimed: Date, now: Date): Date {
  const earliest = cutOff(now, longestDelay);
  if (claimed > now) return now;
  return claimed < earliest ? earliest : claimed;
}

/** The earliest of the ends, at a whole second, never later; null when there is none. */
function validUntil(from: Date, { validity }: Purpose, input: ConsentInput): Date | null {
  const ends = [validity, input.validity].flatMap((period) =>
    period === undefined ? [] : [addDuration(from, period).getTime()],
  );
  if (input.expiresAt !== undefined) ends.push(input.expiresAt.getTime());
  return ends.length === 0 ? null : new Date(Math.floor(Math.min(...ends) / 1_000) * 1_000);
}
