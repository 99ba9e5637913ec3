import { Injectable } from '@nestjs/common';
import { PlanObligations } from '#enforcement';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { RequestsRepository } from './requests.repository.js';

const pageSize = 2_000;

/** Plans received requests into obligations; from then on they are running. */
@Injectable()
export class PlanRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: RequestsRepository,
    private readonly planObligations: PlanObligations,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    for (;;) {
      const planned = await this.transactions.run(tenant, async (tx) => {
        const requests = await this.repository.received(tx, tenant, pageSize);
        await this.repository.markRunning(
          tx,
          tenant,
          requests.map(({ id }) => id),
        );
        const byPolicy = Map.groupBy(requests, ({ policyVersion }) => policyVersion);
        for (const [version, group] of byPolicy) {
          const causes = group.map(({ id, subjectRef, asOf, deadline }) => ({
            kind: 'request' as const,
            id,
            subjectRef,
            asOf,
            deadline,
          }));
          await this.planObligations.execute(tx, tenant, causes, version);
        }
        reach('request.planned');
        return requests.length;
      });
      if (planned < pageSize) return;
    }
  }
}
