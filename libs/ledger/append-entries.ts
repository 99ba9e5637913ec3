import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { entryBytes, type NewEntry } from './domain/entry.js';
import { integrateLedgerJob } from './jobs.js';
import { LedgerRepository } from './ledger.repository.js';

/** The numbers of appended entries: entry k of the call has `first + k`. */
export interface Appended {
  readonly first: number;
  readonly last: number;
  readonly epoch: number;
}

const saltBytes = 16;

/**
 * Appends entries in the transaction of the change they tell of. It takes the tenant's counter, which stays locked
 * until the commit: so numbers have no gaps and follow the order of commits. Call it last.
 */
@Injectable()
export class AppendEntries {
  constructor(
    private readonly repository: LedgerRepository,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Throws DomainError invalid `ledger.entry_too_large` before anything is written of the entries. */
  async execute(tx: EntityManager, tenant: TenantId, entries: readonly NewEntry[]): Promise<Appended> {
    if (entries.length === 0) {
      const { revision, epoch } = await this.repository.counter(tx, tenant);
      return { first: revision + 1, last: revision, epoch };
    }
    await this.outbox.add(tx, [integrateLedgerJob.bell({ tenantId: tenant })]);
    const { first, epoch } = await this.repository.advance(tx, tenant, entries.length);
    const at = this.clock.now();
    const stored = entries.map((entry, index) => {
      const number = first + index;
      const salt = entry.subjectRef === undefined ? undefined : this.ids.bytes(saltBytes);
      const opening =
        entry.subjectRef === undefined || salt === undefined
          ? undefined
          : { salt, subjectRef: entry.subjectRef };
      return { number, kind: entry.kind, at, bytes: entryBytes(entry, number, at, salt), opening };
    });
    await this.repository.insertEntries(tx, tenant, stored);
    return { first, last: first + entries.length - 1, epoch };
  }
}
