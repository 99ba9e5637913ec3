import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { SubjectRef, TenantId } from '#kernel';
import { AppendEntries, Conceal } from '#ledger';
import { Transactions } from '#platform/database';
import { DisclosuresRepository, type Disclosure } from './disclosures.repository.js';
import type { Identifier } from './domain/identifier.js';
import { unknownSubject } from './domain/named-subject.js';
import { ResolveSubjects } from './resolve-subjects.js';

/** How long a disclosure lasts, in milliseconds. */
const lasts = 15 * 60_000;
/** One actor sees at most so many people at a time: those disclosed last. */
const mostAtATime = 100;

/** Shows one person to a member of support who states a reason. */
@Injectable()
export class DiscloseSubject {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DisclosuresRepository,
    private readonly resolve: ResolveSubjects,
    private readonly appendEntries: AppendEntries,
    private readonly conceal: Conceal,
  ) {}

  /**
   * Every attempt is in the ledger, with whether it found anybody. Throws DomainError not_found `subject.unknown` when
   * it did not: support may learn who is known, and cannot ask without leaving a trace.
   */
  async execute(
    caller: Caller,
    wanted: { readonly subject: Identifier; readonly reason: string },
    made: { readonly id: string; readonly at: Date },
  ): Promise<Disclosure> {
    caller.must('create', 'Disclosure', {});
    const { tenant, principal } = caller;
    const disclosure = await this.transactions.run(tenant, async (tx) => {
      const subjectRef = await this.resolve.find(tx, tenant, wanted.subject);
      if (subjectRef !== undefined) {
        const { actor } = principal;
        const expiresAt = new Date(made.at.getTime() + lasts);
        const { reason } = wanted;
        return this.disclose(tx, tenant, {
          id: made.id,
          actor,
          subjectRef,
          reason,
          disclosedAt: made.at,
          expiresAt,
        });
      }
      const actor = this.conceal.actor(tenant, principal.actor);
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'subject.disclosed', data: { found: false, actor } },
      ]);
      return undefined;
    });
    // Not earlier: the entry about the attempt has to be committed.
    if (disclosure === undefined) throw unknownSubject();
    return disclosure;
  }

  private async disclose(tx: EntityManager, tenant: TenantId, disclosure: Disclosure): Promise<Disclosure> {
    const { id, subjectRef, reason, expiresAt } = disclosure;
    await this.repository.insert(tx, tenant, disclosure);
    await this.appendEntries.execute(tx, tenant, [
      {
        kind: 'subject.disclosed',
        subjectRef,
        data: {
          found: true,
          disclosure: id,
          actor: this.conceal.actor(tenant, disclosure.actor),
          until: expiresAt.toISOString(),
          reasonDigest: this.conceal.reason(tenant, id, reason),
        },
      },
    ]);
    return disclosure;
  }
}

/** Who was shown to whom, and who is at the moment. */
@Injectable()
export class Disclosures {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DisclosuresRepository,
  ) {}

  async page(
    caller: Caller,
    wanted: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly Disclosure[]> {
    const { tenant } = caller;
    const visible = caller.filter('read', 'Disclosure');
    return this.transactions.run(tenant, (tx) => this.repository.page(tx, tenant, visible, wanted));
  }

  /** For `Principal.disclosed`. */
  async current(
    tx: EntityManager,
    tenant: TenantId,
    actor: string,
    now: Date,
  ): Promise<readonly SubjectRef[]> {
    return this.repository.current(tx, tenant, actor, { now, limit: mostAtATime });
  }
}
