import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { formatRevision } from '#consent';
import { ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { nextStep, type NextStep, type Offboarding } from './domain/offboarding.js';
import { OffboardingRepository } from './offboarding.repository.js';

export type OffboardingView = Omit<Offboarding, 'exportRevision'> & {
  /** `<epoch>.<number>` of the last ledger entry in the export. */
  readonly exportRevision: string | null;
  readonly next: NextStep;
};

/** How far the tenant's leaving has come, and what is next. */
@Injectable()
export class ReadOffboarding {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
    private readonly ledger: ReadLedger,
  ) {}

  async execute(caller: Caller): Promise<OffboardingView> {
    caller.must('read', 'Tenant', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const offboarding = await this.repository.read(tx, tenant);
      const { revision, epoch } = await this.ledger.revision(tx, tenant);
      const { state, since, exportDigest, exportRevision: number } = offboarding;
      const exportRevision = number === null ? null : formatRevision({ epoch, number });
      return { state, since, exportDigest, exportRevision, next: nextStep(offboarding, revision) };
    });
  }
}
