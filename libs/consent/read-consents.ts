import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { namedSubject, ResolveSubjects, unknownSubject } from '#subjects';
import { ConsentRepository } from './consent.repository.js';
import type { ConsentState } from '#decisions';

/** What a person last said about one purpose, and until when it holds. */
export type ConsentView = { readonly purpose: string } & Omit<ConsentState, 'number'>;

/** Shows what one person allowed and refused to whoever may see it. */
@Injectable()
export class ReadConsents {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ConsentRepository,
    private readonly resolve: ResolveSubjects,
  ) {}

  /**
   * By purpose, one of each, only those that the caller may see; none once erased. Throws DomainError not_found
   * `subject.unknown`, whether the person is unknown or the caller may not see them.
   */
  async execute(caller: Caller, named: string): Promise<readonly ConsentView[]> {
    const ref = namedSubject(caller, named);
    const states = ref === undefined ? undefined : await this.visible(caller, ref);
    if (states === undefined) throw unknownSubject();
    return states.toSorted((a, b) => (a.purpose < b.purpose ? -1 : 1));
  }

  private async visible(caller: Caller, subjectRef: SubjectRef): Promise<readonly ConsentView[] | undefined> {
    if (!reachesConsents(caller, subjectRef)) return undefined;
    const states = await this.states(caller.tenant, subjectRef);
    return states?.filter(({ purpose }) => caller.may('read', 'Consent', { subjectRef, purpose }));
  }

  private async states(tenant: TenantId, ref: SubjectRef): Promise<readonly ConsentView[] | undefined> {
    return this.transactions.run(tenant, async (tx) => {
      if (!(await this.resolve.isRegistered(tx, tenant, ref))) return undefined;
      const states = (await this.repository.states(tx, tenant, [ref])).get(ref);
      return [...(states ?? [])].map(([purpose, { action, since, expiresAt, noticeVersion }]) => ({
        purpose,
        action,
        since,
        expiresAt,
        noticeVersion,
      }));
    });
  }
}

/** Whether the person is within reach at all: asked with a purpose that the caller is not kept from. */
export function reachesConsents(caller: Caller, subjectRef: SubjectRef): boolean {
  const purpose = caller.principal.scope.purposes?.[0] ?? '';
  return caller.may('read', 'Consent', { subjectRef, purpose });
}
