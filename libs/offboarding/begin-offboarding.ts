import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KnownKeys, type Caller } from '#access';
import { ConsentRepository } from '#consent';
import { ObligationsRepository } from '#enforcement';
import { DomainError, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { HoldsRepository } from '#policy';
import { RequestsRepository } from '#requests';
import { OffboardingRepository } from './offboarding.repository.js';

/** Counts what a tenant still owes the people it has data of. */
@Injectable()
export class CountOpenWork {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly obligations: ObligationsRepository,
    private readonly consent: ConsentRepository,
    private readonly holds: HoldsRepository,
  ) {}

  /** Throws DomainError conflict `tenant.under_hold` while a legal hold is active: nobody would hold to it any more. */
  async mustNotBeHeld(tx: EntityManager, tenant: TenantId, at: Date): Promise<void> {
    const held = (await this.holds.inForce(tx, [tenant], at)).get(tenant)?.length ?? 0;
    if (held > 0) throw underHold(held);
  }

  async execute(tx: EntityManager, tenant: TenantId): Promise<number> {
    const requests = await this.requests.countOpen(tx, tenant);
    const obligations = await this.obligations.countOpen(tx, tenant);
    return requests + obligations + (await this.consent.countUnplanned(tx, tenant));
  }
}

/** A tenant begins to leave: from the commit on it is read only. */
@Injectable()
export class BeginOffboarding {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
    private readonly countOpenWork: CountOpenWork,
    private readonly appendEntries: AppendEntries,
    private readonly knownKeys: KnownKeys,
  ) {}

  /**
   * Throws DomainError invalid `tenant.not_confirmed` unless `confirm` is the tenant's slug, conflict `tenant.not_active`
   * when it is leaving already, `tenant.under_hold` while a legal hold is active, and `tenant.work_open` while requests, obligations or withdrawals are open and nobody
   * said to abandon them. What is abandoned still goes on until the erasure begins.
   */
  async execute(
    caller: Caller,
    input: { readonly confirm: string; readonly abandonOpenWork: boolean; readonly at: Date },
  ): Promise<void> {
    caller.must('delete', 'Tenant', {});
    const { tenant } = caller;
    await this.transactions.run(tenant, async (tx) => {
      const { state, slug } = await this.repository.lock(tx, tenant);
      if (input.confirm !== slug) throw notConfirmed();
      if (state !== 'active') throw leaving();
      await this.countOpenWork.mustNotBeHeld(tx, tenant, input.at);
      const open = await this.countOpenWork.execute(tx, tenant);
      if (open > 0 && !input.abandonOpenWork) throw workOpen(open);
      await this.repository.begin(tx, tenant, input.at);
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'tenant.offboarding', data: { change: 'begun', abandoned: open } },
      ]);
    });
    this.knownKeys.forget();
  }
}

function notConfirmed(): DomainError {
  return new DomainError('invalid', 'tenant.not_confirmed', "confirm with the tenant's slug, to the letter", {
    pointer: '/confirm',
  });
}

function leaving(): DomainError {
  return new DomainError('conflict', 'tenant.not_active', 'the tenant is leaving already');
}

function underHold(held: number): DomainError {
  return new DomainError(
    'conflict',
    'tenant.under_hold',
    `${held} legal holds are active: they end on their date, or when they are lifted`,
  );
}

function workOpen(open: number): DomainError {
  return new DomainError(
    'conflict',
    'tenant.work_open',
    `${open} requests, obligations and withdrawals are open: wait for them, or abandon them with "abandonOpenWork"`,
  );
}
