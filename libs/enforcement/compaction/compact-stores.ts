import { Injectable } from '@nestjs/common';
import { DependencyError, tenantId, type TenantId } from '#kernel';
import { isLogClosed } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { OpenStore, StoresRepository, type RegisteredStore } from '#stores';
import { ReadFlows } from '../lanes/read-flows.js';
import type { Lease } from '../lanes.repository.js';
import { RecordCompaction } from './record-compaction.js';

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
