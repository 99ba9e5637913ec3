import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { StoresRepository, type RegisteredStore } from '#stores';
import { requestsSettledJob } from '../jobs.js';
import { LanesRepository, type Lease } from '../lanes.repository.js';
import { LevelsRepository } from './levels.repository.js';

/** Compaction may lock a table or rewrite it, so what is erased within some minutes is compacted once. */
export const compactionDelayMilliseconds = 5 * 60_000;
const retryMilliseconds = 15 * 60_000;

/** What a compaction means for others: what was removed is gone further, receipts are to say so, and the log does. */
@Injectable()
export class RaiseLevels {
  constructor(
    private readonly levels: LevelsRepository,
    private readonly outbox: Outbox,
    private readonly appendEntries: AppendEntries,
  ) {}

  async execute(tx: EntityManager, tenant: TenantId, store: RegisteredStore, now: Date): Promise<void> {
    const { id, name, level, compactionOwed: datasets } = store;
    const soon = new Date(now.getTime() + compactionDelayMilliseconds);
    const isFurther = level === 'expunged' || level === 'shredded';
    if (isFurther && (await this.levels.raise(tx, tenant, { id, datasets, level }, soon)))
      await this.outbox.add(tx, [requestsSettledJob.bell({ tenantId: tenant })]);
    const data = { store: name, datasets: [...datasets], level };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'store.compacted', data }]);
  }

  async failed(tx: EntityManager, tenant: TenantId, store: RegisteredStore, error: string): Promise<void> {
    const data = { store: store.name, datasets: [...store.compactionOwed], error };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'store.compaction_failed', data }]);
  }
}

/** Says what became of a compaction, under the fence of whoever did it. */
@Injectable()
export class RecordCompaction {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly stores: StoresRepository,
    private readonly raiseLevels: RaiseLevels,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A worker whose lane was taken over records nothing: another one does it again. */
  async execute(
    lease: Lease,
    tenant: TenantId,
    store: RegisteredStore,
    failure: string | undefined,
  ): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      if (!(await this.lanes.holds(tx, lease))) return;
      const now = this.clock.now();
      if (failure === undefined) {
        if (await this.stores.compacted(tx, tenant, store.id))
          await this.raiseLevels.execute(tx, tenant, store, now);
        return;
      }
      const until = new Date(now.getTime() + retryMilliseconds);
      if (await this.stores.postponeCompaction(tx, tenant, store.id, until))
        await this.raiseLevels.failed(tx, tenant, store, failure);
    });
  }
}
