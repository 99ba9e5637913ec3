import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { draftEntry, type DraftEntry, type NewEntry } from './domain/entry.js';
import { integrateLedgerJob } from './jobs.js';
import { LedgerRepository, type Opening } from './ledger.repository.js';

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

  /** Throws DomainError invalid `ledger.entry_too_large` before anything is written. */
  async execute(tx: EntityManager, tenant: TenantId, entries: readonly NewEntry[]): Promise<Appended> {
    if (entries.length === 0) {
      const { revision, epoch } = await this.repository.counter(tx, tenant);
      return { first: revision + 1, last: revision, epoch };
    }
    // All that can fail or take time comes first: the counter is held only to put the numbers in and insert.
    const drafts = entries.map((entry) => this.draft(entry));
    await this.outbox.add(tx, [integrateLedgerJob.bell({ tenantId: tenant })]);
    const { first, epoch } = await this.repository.advance(tx, tenant, entries.length);
    const at = this.clock.now();
    const stored = drafts.map(({ kind, draft, opening }, index) => {
      const number = first + index;
      return { number, kind, at, bytes: draft(number, at), opening };
    });
    await this.repository.insertEntries(tx, tenant, stored);
    return { first, last: first + entries.length - 1, epoch };
  }

  private draft(entry: NewEntry): {
    readonly kind: NewEntry['kind'];
    readonly draft: DraftEntry;
    readonly opening: Opening | undefined;
  } {
    const { kind, subjectRef } = entry;
    const opening = subjectRef === undefined ? undefined : { salt: this.ids.bytes(saltBytes), subjectRef };
    return { kind, draft: draftEntry(entry, opening?.salt), opening };
  }
}
