import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { Transactions } from '#platform/database';
import { namedSubject, ResolveSubjects, unknownSubject } from '#subjects';
import type { HistoricConsent } from './domain/consent.js';
import { HistoryRepository } from './history.repository.js';
import { reachesConsents } from './read-consents.js';

/** Everything that was ever said for one person, newest first; what they said before they were merged included. */
@Injectable()
export class ReadHistory {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: HistoryRepository,
    private readonly resolve: ResolveSubjects,
  ) {}

  /** At most `limit`, before the event of this number. Throws DomainError not_found `subject.unknown`, as ReadConsents does. */
  async execute(
    caller: Caller,
    named: string,
    page: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<readonly HistoricConsent[]> {
    const { tenant } = caller;
    const ref = namedSubject(caller, named);
    const found =
      ref === undefined || !reachesConsents(caller, ref)
        ? undefined
        : await this.transactions.run(tenant, async (tx) =>
            (await this.resolve.isRegistered(tx, tenant, ref))
              ? this.repository.page(tx, tenant, ref, caller.filter('read', 'Consent'), page)
              : undefined,
          );
    if (found === undefined) throw unknownSubject();
    return found;
  }
}
