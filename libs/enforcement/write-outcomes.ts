import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { readBackAt, ReadPolicy } from '#policy';
import { ObligationsRepository } from './obligations.repository.js';
import type { Settlement } from './obligation.js';

/** Writes what attempts did, with the time at which what was erased is read back again. */
@Injectable()
export class WriteOutcomes {
  constructor(
    private readonly obligations: ObligationsRepository,
    private readonly readPolicy: ReadPolicy,
  ) {}

  /** Holds the causes until the transaction ends. Answers the settlements that were written. */
  async execute(
    tx: EntityManager,
    settlements: readonly Settlement[],
    now: Date,
  ): Promise<readonly Settlement[]> {
    await this.obligations.lockCauses(
      tx,
      settlements.map(({ obligation }) => obligation),
    );
    const due = await this.readBacks(tx, settlements, now);
    const scheduled = settlements.map((settlement) => ({
      settlement,
      readBackDueAt: isReadBack(settlement) ? (due.get(settlement.obligation.tenant) ?? null) : null,
    }));
    return this.obligations.settle(tx, scheduled, now);
  }

  /** By tenant, after the quiet period of the policy that is in force. */
  private async readBacks(tx: EntityManager, settlements: readonly Settlement[], now: Date) {
    const due = new Map<TenantId, Date>();
    for (const tenant of new Set(settlements.filter(isReadBack).map(({ obligation }) => obligation.tenant))) {
      const applied = await this.readPolicy.find(tx, tenant);
      if (applied !== undefined) due.set(tenant, readBackAt(applied.policy, now));
    }
    return due;
  }
}

/** Of a sweep nobody's rows come back: the next one takes what is old by then. */
function isReadBack({ obligation, outcome }: Settlement): boolean {
  return (outcome === 'erased' || outcome === 'not_found') && obligation.sealedKey !== null;
}
