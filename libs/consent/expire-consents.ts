import { Inject, Injectable } from '@nestjs/common';
import type { Clock, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { AppendConsents } from './append-consents.js';
import { ConsentRepository } from './consent.repository.js';

const pageSize = 500;

/**
 * Records that consents have run out. Decisions deny from the moment itself; this puts it into the person's history and
 * has its consequences planned.
 */
@Injectable()
export class ExpireConsents {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ConsentRepository,
    private readonly append: AppendConsents,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers how many. Nobody renews in between: states are read and written under the tenant's counter. */
  async execute(tenant: TenantId): Promise<number> {
    for (let total = 0; ;) {
      const page = await this.transactions.run(tenant, async (tx) => {
        await this.repository.lockStates(tx, tenant);
        const at = this.clock.now();
        const lapsed = await this.repository.lapsed(tx, tenant, at, pageSize);
        const events = lapsed.map((state) => ({
          ...state,
          action: 'expire' as const,
          occurredAt: state.expiresAt,
          claimedAt: null,
          channel: 'system',
          actorKind: 'system' as const,
          actor: 'system',
          proof: null,
          guardianRef: null,
          language: null,
          jurisdiction: null,
          context: null,
        }));
        if (events.length > 0) await this.append.execute(tx, tenant, { at, policyVersion: null }, events);
        return events.length;
      });
      total += page;
      if (page < pageSize) return total;
    }
  }
}
