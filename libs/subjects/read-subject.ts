import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import type { Identifier } from './domain/identifier.js';
import { namedSubject, unknownSubject } from './domain/named-subject.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { SubjectsRepository } from './subjects.repository.js';

/** What is held of one person here, but for their consents and requests. */
export interface SubjectView {
  readonly subjectRef: SubjectRef;
  readonly registeredAt: Date;
  /** Erased, or being erased: decisions deny and signals are refused. */
  readonly suppressed: boolean;
  /** By type, then value; empty once erased. */
  readonly identifiers: readonly Identifier[];
}

/** Shows one person to whoever may see them. */
@Injectable()
export class ReadSubject {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SubjectsRepository,
    private readonly resolve: ResolveSubjects,
  ) {}

  /**
   * Only the members that the caller may see; identifiers are not even opened for others. Throws DomainError not_found
   * `subject.unknown`, whether the person is unknown or the caller may not see them.
   */
  async execute(caller: Caller, named: string): Promise<Partial<SubjectView>> {
    const { tenant } = caller;
    const ref = namedSubject(caller, named);
    const visible = caller.filter('read', 'Subject');
    const view =
      ref === undefined
        ? undefined
        : await this.transactions.run(tenant, async (tx): Promise<SubjectView | undefined> => {
            const found = await this.repository.registration(tx, tenant, visible, ref);
            if (found === undefined) return undefined;
            const opens = 'identifiers' in caller.pick('Subject', { identifiers: true });
            return {
              ...found,
              subjectRef: ref,
              identifiers: opens ? await this.identifiers(tx, tenant, ref) : [],
            };
          });
    if (view === undefined) throw unknownSubject();
    return caller.pick('Subject', view);
  }

  private async identifiers(
    tx: EntityManager,
    tenant: TenantId,
    ref: SubjectRef,
  ): Promise<readonly Identifier[]> {
    const byType = (await this.resolve.identifiers(tx, tenant, [ref])).get(ref);
    return [...(byType ?? [])]
      .flatMap(([type, values]) => values.map((value) => ({ type, value })))
      .toSorted((a, b) => compare(a.type, b.type) || compare(a.value, b.value));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
