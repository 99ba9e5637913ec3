import { Injectable } from '@nestjs/common';
import { DependencyError, tenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { Log } from '#platform/telemetry';
import { OpenStore, StoresRepository } from '#stores';

/**
 * Once a lane has nothing due, brings its stores from removed to the highest level they can reach (vacuum, compaction,
 * removal of old versions) and says so in the ledger. What is owed stays owed on the store's row until it is done.
 */
@Injectable()
export class CompactStores {
  constructor(
    private readonly transactions: Transactions,
    private readonly stores: StoresRepository,
    private readonly openStore: OpenStore,
    private readonly appendEntries: AppendEntries,
    private readonly log: Log,
  ) {}

  async execute(laneId: string, signal: AbortSignal): Promise<void> {
    const stores = await this.transactions.run(null, (tx) => this.stores.ofLane(tx, laneId));
    for (const store of stores.filter(({ compactionOwed }) => compactionOwed.length > 0)) {
      const tenant = tenantId(store.tenantId);
      const owed = new Set(store.compactionOwed);
      try {
        const connector = await this.openStore.execute(tenant, store);
        await connector.compact(
          store.datasets.filter(({ name }) => owed.has(name)),
          signal,
        );
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error;
        this.log.failure('a store could not be compacted; it stays owed', error, { store: store.id });
        continue;
      }
      await this.transactions.run(tenant, async (tx) => {
        await this.stores.compacted(tx, tenant, store.id);
        const data = { store: store.name, datasets: [...owed].sort(), level: store.level };
        await this.appendEntries.execute(tx, tenant, [{ kind: 'store.compacted', data }]);
      });
    }
  }
}
