import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { holdsNow, type ConsentState } from '#decisions';
import { DomainError, type SubjectRef, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { namedSubject, RelateSubjects, ResolveSubjects, unknownSubject, type Identifier } from '#subjects';
import { ChangeConsents, type ConsentFacts } from './change-consents.js';
import { ConsentRepository } from './consent.repository.js';
import { stricter } from './domain/combine.js';
import type { NewConsentEvent } from './domain/consent.js';
import { ofAgeOn } from './domain/of-age.js';

/** Merges and splits people: what they said goes with them. */
@Injectable()
export class MergePeople {
  constructor(
    private readonly transactions: Transactions,
    private readonly relate: RelateSubjects,
    private readonly change: ChangeConsents,
    private readonly repository: ConsentRepository,
    private readonly appendEntries: AppendEntries,
  ) {}

  /**
   * Two subjects are one person: the identifiers of the one become the other's, and of what each had said the stricter holds.
   * Throws DomainError as `RelateSubjects.lock` does, and invalid `subject.itself`.
   */
  async merge(caller: Caller, named: string, otherNamed: string): Promise<void> {
    const [from, into] = [changeable(caller, named), changeable(caller, otherNamed)];
    if (from === into)
      throw new DomainError('invalid', 'subject.itself', 'a person is not merged into themself', {
        pointer: '/into',
      });
    const { tenant } = caller;
    await this.transactions.run(tenant, async (tx) => {
      await this.relate.lock(tx, tenant, [from, into]);
      await this.relate.merge(tx, tenant, from, into);
      await this.change.execute(tx, tenant, [from, into], (facts) => {
        const nothing: ReadonlyMap<string, ConsentState> = new Map();
        const [old, own] = [facts.states.get(from) ?? nothing, facts.states.get(into) ?? nothing];
        return [...old].flatMap(([purpose, state]) => {
          const held = stricter(own.get(purpose), state);
          return held === undefined || held === own.get(purpose)
            ? []
            : [copied(into, purpose, held, facts, 'merge')];
        });
      });
      // Nothing asks for them any more, and the person's erasure would not find them.
      await this.repository.forgetStates(tx, tenant, [from]);
      await this.appendEntries.execute(
        tx,
        tenant,
        [from, into].map((subjectRef) => ({ kind: 'subject.merged', subjectRef, data: {} })),
      );
    });
  }

  /** One subject is two people: some identifiers become a new subject's, of whom the same holds. Answers the pseudonym. */
  async split(caller: Caller, named: string, identifiers: readonly Identifier[]): Promise<SubjectRef> {
    const from = changeable(caller, named);
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      await this.relate.lock(tx, tenant, [from]);
      const ref = await this.relate.split(tx, tenant, from, identifiers);
      await this.change.execute(tx, tenant, [from], (facts) =>
        [...(facts.states.get(from) ?? [])].map(([purpose, state]) =>
          copied(ref, purpose, state, facts, 'split'),
        ),
      );
      await this.appendEntries.execute(
        tx,
        tenant,
        [from, ref].map((subjectRef) => ({ kind: 'subject.split', subjectRef, data: {} })),
      );
      return ref;
    });
  }
}

/** What the records say of guardians, and what they are told. */
@Injectable()
export class RecordProtection {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly appendEntries: AppendEntries,
  ) {}

  /** The numbers of the events that guardians of a person are behind. */
  async byGuardian(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<ReadonlySet<number>> {
    return this.repository.byGuardian(tx, tenant, ref);
  }

  async told(
    tx: EntityManager,
    tenant: TenantId,
    subjectRef: SubjectRef,
    kind: 'subject.age_told' | 'guardian.registered' | 'guardian.ended',
  ): Promise<void> {
    await this.appendEntries.execute(tx, tenant, [{ kind, subjectRef, data: {} }]);
  }
}

/** Children and who speaks for them. */
@Injectable()
export class ProtectChildren {
  constructor(
    private readonly transactions: Transactions,
    private readonly relate: RelateSubjects,
    private readonly change: ChangeConsents,
    private readonly resolve: ResolveSubjects,
    private readonly record: RecordProtection,
  ) {}

  /**
   * Learns from when a person consents alone; the date of birth is not kept. What a child had allowed alone is no longer
   * valid (GDPR Art. 8). Throws DomainError invalid `jurisdiction.unknown`.
   */
  async tellAge(
    caller: Caller,
    named: string,
    { bornOn, jurisdiction }: { readonly bornOn: string; readonly jurisdiction: string },
  ): Promise<{ readonly ofAgeOn: string | null }> {
    const ref = changeable(caller, named);
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      await this.relate.lock(tx, tenant, [ref]);
      const guarded = await this.record.byGuardian(tx, tenant, ref);
      let day: string | null = null;
      await this.change.execute(tx, tenant, [ref], (facts) => {
        const policy = facts.policy?.policy;
        if (policy === undefined || !Object.hasOwn(policy.jurisdictions, jurisdiction))
          throw unknownPlace(jurisdiction);
        day = ofAgeOn(policy, jurisdiction, bornOn);
        if (day === null || facts.now.toISOString().slice(0, 10) >= day) return [];
        return [...(facts.states.get(ref) ?? [])].flatMap(([purpose, state]) =>
          holdsNow(state, facts.now) && !guarded.has(state.number)
            ? [
                {
                  ...copied(ref, purpose, state, facts, 'age'),
                  action: 'invalidate' as const,
                  expiresAt: null,
                },
              ]
            : [],
        );
      });
      await this.relate.setAge(tx, tenant, ref, { ofAgeOn: day, jurisdiction });
      await this.record.told(tx, tenant, ref, 'subject.age_told');
      return { ofAgeOn: day };
    });
  }

  /** Registers who may consent for a person. `proof` says how the host made sure, in words. Answers the guardian's pseudonym. */
  async addGuardian(caller: Caller, named: string, guardian: Identifier, proof: string): Promise<SubjectRef> {
    const ref = changeable(caller, named);
    const { tenant, principal } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const [guardianRef] = await this.resolve.execute(tx, tenant, [guardian]);
      if (guardianRef === undefined) throw new TypeError('registration answered nobody');
      await this.relate.lock(tx, tenant, ref === guardianRef ? [ref] : [ref, guardianRef]);
      await this.relate.addGuardian(tx, tenant, ref, guardianRef, { proof, actor: principal.actor });
      await this.record.told(tx, tenant, ref, 'guardian.registered');
      return guardianRef;
    });
  }

  /** Throws DomainError not_found `guardian.unknown`. */
  async endGuardian(caller: Caller, named: string, guardianNamed: string): Promise<void> {
    const [ref, guardian] = [changeable(caller, named), namedSubject(caller, guardianNamed)];
    const { tenant } = caller;
    await this.transactions.run(tenant, async (tx) => {
      await this.relate.lock(tx, tenant, [ref]);
      if (guardian === undefined) throw unknownSubject();
      await this.relate.endGuardian(tx, tenant, ref, guardian);
      await this.record.told(tx, tenant, ref, 'guardian.ended');
    });
  }
}

/** The person whom a caller names and may change. Throws DomainError not_found `subject.unknown`. */
function changeable(caller: Caller, named: string): SubjectRef {
  caller.mustEver('update', 'Subject');
  const ref = namedSubject(caller, named);
  if (ref === undefined || !caller.may('update', 'Subject', { subjectRef: ref })) throw unknownSubject();
  return ref;
}

function unknownPlace(jurisdiction: string): DomainError {
  return new DomainError(
    'invalid',
    'jurisdiction.unknown',
    `the policy has no jurisdiction ${jurisdiction}`,
    {
      pointer: '/jurisdiction',
    },
  );
}

/** A state that goes on for somebody else, as an event of theirs; it tells which event it comes from. */
function copied(
  subjectRef: SubjectRef,
  purpose: string,
  { action, expiresAt, noticeVersion, number }: ConsentState,
  { now }: ConsentFacts,
  channel: string,
): NewConsentEvent {
  return {
    subjectRef,
    purpose,
    action,
    occurredAt: now,
    claimedAt: null,
    expiresAt,
    noticeVersion,
    channel,
    actorKind: 'system',
    actor: 'system',
    proof: null,
    guardianRef: null,
    language: null,
    jurisdiction: null,
    context: { event: String(number) },
  };
}
