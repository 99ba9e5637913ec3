import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import type { Bell } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { ContinueWork } from '../continue-work.js';
import { continueFailedJob } from '../jobs.js';
import { openKeys } from '../obligation.js';
import { DeadLettersRepository, type WantedRetry } from './dead-letters.repository.js';

const pageSize = 500;

/** Gives what is to be retried its successors. Does all there is to do, so repeats are harmless. */
@Injectable()
export class ContinueFailed {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeadLettersRepository,
    private readonly continueWork: ContinueWork,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    const page = (tx: EntityManager) => this.continuePage(tx, tenant);
    while ((await this.transactions.run(tenant, page)) === pageSize);
  }

  /** The rows know what is to be retried: whatever bell was lost, this rings it again. */
  async find(tx: EntityManager): Promise<readonly Bell[]> {
    const tenants = await this.repository.tenantsWithWanted(tx);
    return tenants.map((tenantId) => continueFailedJob.bell({ tenantId }));
  }

  private async continuePage(tx: EntityManager, tenant: TenantId): Promise<number> {
    const wanted = await this.repository.wanted(tx, tenant, pageSize);
    // A failed attempt may have removed rows and not have lived to tell.
    const work = wanted.map((one) => ({ id: one.id, keys: this.keysOf(tenant, one), exact: false }));
    await this.continueWork.execute(tx, tenant, work, this.clock.now());
    const ids = wanted.map(({ id }) => id);
    await this.repository.succeeded(tx, tenant, ids);
    return wanted.length;
  }

  private keysOf(tenant: TenantId, { id, sealedKey }: WantedRetry): readonly string[] | null {
    try {
      return sealedKey === null ? null : openKeys(this.sealer, { tenant, id, sealedKey });
    } catch {
      return null;
    }
  }
}
