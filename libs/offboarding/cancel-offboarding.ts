import { Injectable } from '@nestjs/common';
import { KnownKeys, type Caller } from '#access';
import { DomainError } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { OffboardingRepository } from './offboarding.repository.js';

/** The tenant stays after all: everything is as it was before it began to leave. */
@Injectable()
export class CancelOffboarding {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
    private readonly appendEntries: AppendEntries,
    private readonly knownKeys: KnownKeys,
  ) {}

  /** Throws DomainError conflict `tenant.not_offboarding` when it is not leaving, or its erasure has begun. */
  async execute(caller: Caller): Promise<void> {
    caller.must('delete', 'Tenant', {});
    const { tenant } = caller;
    await this.transactions.run(tenant, async (tx) => {
      const { state } = await this.repository.lock(tx, tenant);
      if (state !== 'offboarding') throw notOffboarding();
      await this.repository.cancel(tx, tenant);
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'tenant.offboarding', data: { change: 'cancelled' } },
      ]);
    });
    this.knownKeys.forget();
  }
}

export function notOffboarding(): DomainError {
  return new DomainError(
    'conflict',
    'tenant.not_offboarding',
    'the tenant is not leaving, or its erasure has begun',
  );
}
