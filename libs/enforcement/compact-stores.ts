import { Inject, Injectable } from '@nestjs/common';
import { DependencyError, tenantId, type Clock, type TenantId } from '#kernel';
import { AppendEntries, isLogClosed } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import { OpenStore, StoresRepository, type RegisteredStore } from '#stores';
import { ReadFlows } from './lanes/read-flows.js';
import { LanesRepository, type Lease } from './lanes.repository.js';

const retryMilliseconds = 15 * 60_000;

/** Says what became of a compaction, under the fence of whoever did it. */
@Injectable()
export class RecordCompaction {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly stores: StoresRepository,
    private readonly appendEntries: AppendEntries,
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
      const datasets = [...store.compactionOwed];
      if (failure === undefined) {
        if (!(await this.stores.compacted(tx, tenant, store.id))) return;
        const data = { store: store.name, datasets, level: store.level };
        await this.appendEntries.execute(tx, tenant, [{ kind: 'store.compacted', data }]);
        return;
      }
      const until = new Date(this.clock.now().getTime() + retryMilliseconds);
      if (!(await this.stores.postponeCompaction(tx, tenant, store.id, until))) return;
      const data = { store: store.name, datasets, error: failure };
      await this.appendEntries.execute(tx, tenant, [{ kind: 'store.compaction_failed', data }]);
    });
  }
}

/**
 * Once a lane has nothing due, brings its stores from removed to the highest level they can reach (vacuum, compaction,
 * removal of old versions) and says so in the ledger. What is owed stays owed on the store's row until it is done.
 */
@Injectable()
export class CompactStores {
  constructor(
    private readonly transactions: Transactions,
    private readonly stores: StoresRepository,
    private readonly readFlows: ReadFlows,
    private readonly openStore: OpenStore,
    private readonly record: RecordCompaction,
  ) {}

  /** Stores that may not be worked on now are left for later. */
  async execute(lease: Lease, now: Date, signal: AbortSignal): Promise<void> {
    const { laneId } = lease;
    const [stores, flows] = await this.transactions.run(
      null,
      async (tx) =>
        [await this.stores.ofLane(tx, laneId), await this.readFlows.execute(tx, [laneId], now)] as const,
    );
    for (const store of stores) {
      if (store.compactionDueAt === null || store.compactionDueAt > now) continue;
      if (flows.get(store.id)?.admission(now) === undefined) continue;
      const tenant = tenantId(store.tenantId);
      const failure = await this.compact(tenant, store, signal);
      try {
        await this.record.execute(lease, tenant, store, failure);
      } catch (error) {
        // The tenant has left: nobody is owed anything.
        if (!isLogClosed(error)) throw error;
      }
    }
  }

  /** Answers why it could not be done; undefined when it was. */
  private async compact(
    tenant: TenantId,
    store: RegisteredStore,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const owed = new Set(store.compactionOwed);
    try {
      const connector = await this.openStore.execute(tenant, store);
      await connector.compact(
        store.datasets.filter(({ name }) => owed.has(name)),
        signal,
      );
      reach('store.compacted');
      return undefined;
    } catch (error) {
      if (error instanceof DependencyError) return error.code;
      throw error;
    }
  }
}
