import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { holdsNow, type ConsentState, type LegalBasis } from '#decisions';
import { DomainError, type SubjectRef } from '#kernel';
import { Transactions } from '#platform/database';
import { identifierKey, ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';
import { ChangeConsents, type ConsentFacts } from './change-consents.js';
import { basisFor } from './domain/decision-rules.js';
import type { ActorKind, NewConsentEvent, SaidAction } from './domain/consent.js';

export interface WithdrawalInput {
  readonly subject: Identifier;
  readonly channel: string;
}

/** What became of each purpose. */
export interface Withdrawn {
  /** Null where there was nothing to take back. */
  readonly revision: string | null;
  /** Consents that were taken back. */
  readonly withdrawn: readonly string[];
  /** Purposes on another basis that the person now objects to (GDPR Art. 21). */
  readonly objected: readonly string[];
  /** What goes on, as its basis cannot be objected to. */
  readonly unaffected: readonly { readonly purpose: string; readonly legalBasis: LegalBasis }[];
}

/** The bases that a person can object to (GDPR Art. 21(1)). */
const objectionable: readonly LegalBasis[] = ['legitimate_interest', 'public_task'];
const nothing: Withdrawn = { revision: null, withdrawn: [], objected: [], unaffected: [] };

type States = ReadonlyMap<string, ConsentState>;

/** Takes back everything at once, as easily as it was given (GDPR Art. 7(3)). Done again it changes nothing. */
@Injectable()
export class WithdrawEverything {
  constructor(
    private readonly transactions: Transactions,
    private readonly resolve: ResolveSubjects,
    private readonly suppress: SuppressSubjects,
    private readonly change: ChangeConsents,
  ) {}

  /** Only what the caller may speak about. Throws DomainError conflict `subject.suppressed` for somebody who was erased. */
  async execute(caller: Caller, { subject, channel }: WithdrawalInput): Promise<Withdrawn> {
    const identifier = identifierKey(subject);
    // Whether the person is within reach at all: asked with a purpose that the caller is not kept from.
    const reach = caller.principal.scope.purposes?.[0] ?? '';
    caller.must('create', 'Consent', { purpose: reach, identifier });
    const maySpeak = (purpose: string) => caller.may('create', 'Consent', { purpose, identifier });
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      if ((await this.suppress.among(tx, tenant, [subject])).size > 0)
        throw new DomainError(
          'conflict',
          'subject.suppressed',
          'this person was erased: nothing is left to withdraw',
        );
      const ref = await this.resolve.find(tx, tenant, subject);
      if (ref === undefined) return nothing;
      let result: Withdrawn = nothing;
      const revision = await this.change.execute(tx, tenant, [ref], (facts) => {
        result = takeBack(facts, facts.states.get(ref) ?? new Map(), maySpeak);
        const actorKind = caller.principal.person === null ? 'staff' : 'person';
        return eventsOf(result, facts, ref, { channel, actor: caller.principal.actor, actorKind });
      });
      return { ...result, revision };
    });
  }
}

function takeBack(
  { policy, now }: ConsentFacts,
  states: States,
  maySpeak: (purpose: string) => boolean,
): Withdrawn {
  const purposes = policy?.policy.purposes ?? {};
  const names = [...new Set([...Object.keys(purposes), ...states.keys()])].filter(maySpeak);
  const basis = (name: string) => {
    const purpose = Object.hasOwn(purposes, name) ? purposes[name] : undefined;
    return purpose === undefined || policy === undefined
      ? 'consent'
      : basisFor(policy.policy, purpose, undefined);
  };
  const withdrawn = names.filter((name) => {
    const state = states.get(name);
    return state !== undefined && holdsNow(state, now);
  });
  const others = names.filter((name) => !withdrawn.includes(name) && basis(name) !== 'consent');
  const saidNo = (name: string) => states.has(name);
  return {
    revision: null,
    withdrawn,
    objected: others.filter((name) => objectionable.includes(basis(name)) && !saidNo(name)),
    unaffected: others
      .filter((name) => !objectionable.includes(basis(name)))
      .map((purpose) => ({ purpose, legalBasis: basis(purpose) })),
  };
}

function eventsOf(
  { withdrawn, objected }: Withdrawn,
  { now }: ConsentFacts,
  subjectRef: SubjectRef,
  by: { readonly channel: string; readonly actor: string; readonly actorKind: ActorKind },
): readonly NewConsentEvent[] {
  const event = (purpose: string, action: SaidAction): NewConsentEvent => ({
    ...by,
    subjectRef,
    purpose,
    action,
    occurredAt: now,
    claimedAt: null,
    expiresAt: null,
    noticeVersion: null,
    proof: null,
    guardianRef: null,
    language: null,
    jurisdiction: null,
    context: null,
  });
  return [
    ...withdrawn.map((name) => event(name, 'withdraw')),
    ...objected.map((name) => event(name, 'object')),
  ];
}
