import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Outbox, type Bell } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { draftEntry, type NewEntry } from './domain/entry.js';
import { integrateLedgerJob } from './jobs.js';
import { AnnounceChanges } from './heard-changes.js';
import { LedgerRepository, type DraftedEntries } from './ledger.repository.js';

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
    private readonly announcing: AnnounceChanges,
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
    const drafted = this.draft(entries);
    await this.outbox.add(tx, [this.bell(tenant)]);
    const appended = await this.repository.append(tx, tenant, this.clock.now(), drafted);
    if (appended === undefined) throw await this.refusal(tx, tenant);
    return this.announce(tx, tenant, appended, drafted);
  }

  /** For statements that append together with what the entries tell of. Throws as `execute` does. */
  draft(entries: readonly NewEntry[]): DraftedEntries {
    const random = this.ids.bytes(saltBytes * entries.length);
    const salts = entries.map(({ subjectRef }, index) =>
      subjectRef === undefined ? null : random.subarray(index * saltBytes, (index + 1) * saltBytes),
    );
    const drafts = entries.map((entry, index) => draftEntry(entry, salts[index] ?? undefined));
    return {
      kinds: entries.map(({ kind }) => kind),
      heads: drafts.map(({ head }) => head),
      tails: drafts.map(({ tail }) => tail),
      salts,
      refs: entries.map(({ subjectRef }) => subjectRef ?? null),
    };
  }

  /** Tells this process at the commit. Whoever appends by a statement of their own calls it, as `execute` does. */
  announce(
    tx: EntityManager,
    tenant: TenantId,
    { first, epoch }: Pick<Appended, 'first' | 'epoch'>,
    { kinds, refs }: DraftedEntries,
  ): Appended {
    const last = first + kinds.length - 1;
    this.announcing.execute(tx, { tenant, last, kinds, refs });
    return { first, last, epoch };
  }

  /** Wakes the integrator. Rung in the transaction that appends. */
  bell(tenant: TenantId): Bell {
    return integrateLedgerJob.bell({ tenantId: tenant });
  }

  /** Why nothing could be appended. */
  async refusal(tx: EntityManager, tenant: TenantId): Promise<Error> {
    return this.repository.refusal(tx, tenant);
  }
}
