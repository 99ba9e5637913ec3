import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type Clock, type SubjectRef, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { identifierKey, type Identifier } from './domain/identifier.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { SubjectsRepository } from './subjects.repository.js';

/** What must not come back: adds suppressions, answers who is suppressed, and lifts on the person's own registration. */
@Injectable()
export class SuppressSubjects {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SubjectsRepository,
    private readonly resolve: ResolveSubjects,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** In the transaction that accepts the deletion, so that decisions and the guard deny from its commit on. */
  async execute(tx: EntityManager, tenant: TenantId, refs: readonly SubjectRef[], asOf: Date): Promise<void> {
    await this.repository.suppress(tx, tenant, refs, asOf);
  }

  /** The suppressed among identifiers, by position in the list. */
  async among(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<ReadonlyMap<number, SubjectRef>> {
    const keys = identifiers.map((identifier) => this.resolve.lookUpKey(tenant, identifier));
    return this.repository.suppressed(tx, tenant, keys);
  }

  /** Whether each signal about these people may be written; false for the suppressed. */
  async guard(caller: Caller, identifiers: readonly Identifier[]): Promise<readonly boolean[]> {
    for (const one of identifiers) caller.must('read', 'Signal', { identifier: identifierKey(one) });
    const { tenant } = caller;
    const suppressed = await this.transactions.run(tenant, (tx) => this.among(tx, tenant, identifiers));
    return identifiers.map((_, index) => !suppressed.has(index));
  }

  /** Our own copies of an erased subject's identifiers go once its last read-back is done. */
  async forget(tx: EntityManager, tenant: TenantId, refs: readonly SubjectRef[]): Promise<void> {
    await this.repository.forget(tx, tenant, refs);
  }

  /**
   * The person registers anew: any suppression is lifted and they become a new subject, unlinked from the erased one.
   * Answers the new pseudonym. Throws DomainError conflict `subject.being_erased` while the erasure is under way.
   */
  async lift(caller: Caller, identifier: Identifier): Promise<SubjectRef> {
    caller.must('create', 'Subject', { identifier: identifierKey(identifier) });
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const key = this.resolve.lookUpKey(tenant, identifier);
      const lifted = (await this.repository.suppressed(tx, tenant, [key])).size > 0;
      // Our copy of the identifier goes when the erasure is complete; until then its obligations still need it.
      if (lifted && (await this.repository.find(tx, tenant, [key])).size > 0) {
        throw new DomainError(
          'conflict',
          'subject.being_erased',
          'the erasure of this person is under way; register when it is complete',
        );
      }
      if (lifted) await this.repository.release(tx, tenant, key);
      const [ref] = await this.resolve.execute(tx, tenant, [identifier]);
      if (ref === undefined) throw new TypeError('registration answered nobody');
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'subject.registered', subjectRef: ref, data: { lifted, at: this.clock.now().toISOString() } },
      ]);
      return ref;
    });
  }
}
