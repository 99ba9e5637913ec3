import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { EndLog, IntegrateEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { OffboardingRepository } from './offboarding.repository.js';

/** Rows a transaction removes: tens of milliseconds, or a second where their foreign keys have to be looked up. */
const mostRows = 5_000;
/** Work under way when the erasure began gets in its way a few times at most. */
const mostContended = 100;
const mostPublications = 3;

/**
 * Erases a tenant: its rows, then the last entry of its log, its checkpoint, and the key that signed it. The tenant's row
 * says how far that is, so a worker that dies is followed by another at any point, and two at once take turns.
 */
@Injectable()
export class EraseTenant {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
    private readonly endLog: EndLog,
    private readonly integrateEntries: IntegrateEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Does nothing for a tenant that is not being erased. Ends early when `stop` fires or another worker is at it. */
  async execute(tenant: TenantId, stop: AbortSignal): Promise<void> {
    if (!(await this.removeRows(tenant, stop))) return;
    if (!(await this.appendLast(tenant))) return;
    for (let attempt = 0; attempt < mostPublications; attempt++) {
      // Another integrator may have been faster and not be done: then the next attempt finishes for it.
      await this.integrateEntries.execute(tenant);
      if (await this.finish(tenant)) return;
    }
  }

  /** True once nothing is left. */
  private async removeRows(tenant: TenantId, stop: AbortSignal): Promise<boolean> {
    let contended = 0;
    while (!stop.aborted) {
      try {
        const removed = await this.transactions.run(tenant, async (tx) =>
          (await this.repository.take(tx, tenant)) ? this.repository.erase(tx, tenant, mostRows) : undefined,
        );
        if (removed === undefined) return false;
        if (removed === 0) return true;
      } catch (error) {
        if (!isContended(error) || ++contended > mostContended) throw error;
      }
    }
    return false;
  }

  private async appendLast(tenant: TenantId): Promise<boolean> {
    return this.transactions.run(tenant, async (tx) => {
      if (!(await this.repository.take(tx, tenant))) return false;
      const rows = await this.repository.erasedRows(tx, tenant);
      await this.endLog.append(tx, tenant, { kind: 'tenant.offboarded', data: { rows } });
      return true;
    });
  }

  /** The key goes in the transaction that says so. False while the last entry is not published. */
  private async finish(tenant: TenantId): Promise<boolean> {
    return this.transactions.run(tenant, async (tx) => {
      if (!(await this.repository.take(tx, tenant))) return true;
      if (!(await this.endLog.destroyKey(tx, tenant))) return false;
      await this.repository.finish(tx, tenant, this.clock.now());
      return true;
    });
  }
}

function isContended(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'tenant.contended';
}
