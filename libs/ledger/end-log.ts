import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { draftEntry, type NewEntry } from './domain/entry.js';
import { integrateLedgerJob } from './jobs.js';
import { LedgerRepository } from './ledger.repository.js';

/** Whether a change was refused because its tenant's log is closed. */
export function isLogClosed(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'ledger.closed';
}

/**
 * Ends a tenant's log in three steps, each of them safe to repeat: nobody appends any more, one last entry, and, once a
 * published checkpoint covers it, no key to sign another with.
 */
@Injectable()
export class EndLog {
  constructor(
    private readonly repository: LedgerRepository,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * From the commit on AppendEntries refuses with DomainError conflict `ledger.closed`, also whoever waits for the
   * counter at the moment. Answers the revision, which is final but for the last entry. Call it last, as AppendEntries.
   */
  async close(tx: EntityManager, tenant: TenantId): Promise<{ readonly revision: number }> {
    return this.repository.close(tx, tenant);
  }

  /** Appends the last entry to a closed log, unless the last one is of this kind already. */
  async append(tx: EntityManager, tenant: TenantId, entry: NewEntry): Promise<void> {
    const { lastKind } = await this.repository.lockClosed(tx, tenant);
    if (lastKind === entry.kind) return;
    const draft = draftEntry(entry, undefined);
    await this.outbox.add(tx, [integrateLedgerJob.bell({ tenantId: tenant })]);
    const number = await this.repository.advanceToEnd(tx, tenant);
    const at = this.clock.now();
    await this.repository.insertEntry(tx, tenant, { number, kind: entry.kind, at, bytes: draft(number, at) });
  }

  /** Destroys the signing key; false when the last entry is not published yet, and then nothing was done. */
  async destroyKey(tx: EntityManager, tenant: TenantId): Promise<boolean> {
    return this.repository.destroyKey(tx, tenant);
  }
}
