import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ConsentRepository, expireConsentsJob, planWithdrawalsJob } from '#consent';
import type { Bell } from '#platform/outbox';
import { checkStoresJob, StoresRepository } from '#stores';
import { requestsSettledJob, rescanStoresJob, sweepsSettledJob, wakeLaneJob } from './jobs.js';
import { FindIdleLanes } from './lanes/find-idle.js';
import { ObligationsRepository } from './obligations.repository.js';
import { RescansRepository } from './rescans.repository.js';

/** The rows know what is due. Whatever bell was lost, with the queue or a worker, this rings it again. */
@Injectable()
export class FindLostWork {
  constructor(
    private readonly idleLanes: FindIdleLanes,
    private readonly obligations: ObligationsRepository,
    private readonly rescans: RescansRepository,
    private readonly stores: StoresRepository,
    private readonly consent: ConsentRepository,
  ) {}

  async execute(tx: EntityManager, now: Date): Promise<readonly Bell[]> {
    const lanes = await this.idleLanes.execute(tx, now);
    const withdrawals = await this.consent.tenantsWithUnplanned(tx);
    const lapsed = await this.consent.tenantsWithLapsed(tx, now);
    const unchecked = await this.stores.tenantsWithUnchecked(tx);
    const rescans = await this.rescans.tenantsWithRequested(tx);
    const settled = await this.obligations.tenantsWithSettledCauses(tx);
    return [
      ...lanes.map((laneId) => wakeLaneJob.bell({ laneId })),
      ...withdrawals.map((tenantId) => planWithdrawalsJob.bell({ tenantId })),
      ...lapsed.map((tenantId) => expireConsentsJob.bell({ tenantId })),
      ...unchecked.map((tenantId) => checkStoresJob.bell({ tenantId })),
      ...rescans.map((tenantId) => rescanStoresJob.bell({ tenantId })),
      ...settled.flatMap(({ tenant_id: tenantId, kind }) => {
        if (kind === 'request') return [requestsSettledJob.bell({ tenantId })];
        return kind === 'sweep' ? [sweepsSettledJob.bell({ tenantId })] : [];
      }),
    ];
  }
}
