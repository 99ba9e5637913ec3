import { Injectable } from '@nestjs/common';
import { tenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { tenantPayload } from '#platform/queue';
import { OffboardingRepository } from './offboarding.repository.js';

/** Keeps work off a tenant whose rows are going: it would be refused or find half of what it needs. */
@Injectable()
export class WorkUnlessErasing {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
  ) {}

  /**
   * Does the work of a job unless its payload names a tenant that is being erased or has left. Work that fails because
   * the erasure began meanwhile is nobody's any more, and no failure.
   */
  async execute(payload: unknown, work: () => Promise<unknown>): Promise<void> {
    const { data } = tenantPayload.safeParse(payload);
    if (data !== undefined && (await this.isErasing(data.tenantId))) return;
    try {
      await work();
    } catch (error) {
      if (data === undefined || !(await this.isErasing(data.tenantId))) throw error;
    }
  }

  private async isErasing(id: string): Promise<boolean> {
    const tenant = tenantId(id);
    const state = await this.transactions.run(tenant, (tx) => this.repository.stateOf(tx, tenant));
    return state === 'erasing' || state === 'offboarded';
  }
}
