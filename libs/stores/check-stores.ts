import { Inject, Injectable } from '@nestjs/common';
import type { MappedDataset } from '#connector-kit';
import { DependencyError, type Clock, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import type { RegisteredStore, StoreFault } from './domain/registered-store.js';
import { OpenStore } from './open-store.js';
import { datasetBy } from './read-governance.js';
import { ServedStores } from './served-stores.js';
import { StoresRepository } from './stores.repository.js';

const longest = 60_000;

/** Compares every registered store with the real thing and records what does not fit. */
@Injectable()
export class CheckStores {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: StoresRepository,
    private readonly openStore: OpenStore,
    private readonly served: ServedStores,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws Elsewhere when stores of other regions are left. */
  async execute(tenant: TenantId): Promise<void> {
    const stores = await this.transactions.run(tenant, (tx) => this.served.all(tx, tenant));
    const unchecked = stores.filter(({ state }) => state === 'unchecked');
    for (const store of unchecked.filter((one) => this.served.serves(one))) {
      const faults = await this.check(tenant, store);
      await this.transactions.run(tenant, (tx) =>
        this.repository.recordCheck(tx, tenant, store.id, faults, this.clock.now()),
      );
    }
    this.served.requireAll(unchecked);
  }

  private async check(tenant: TenantId, store: RegisteredStore): Promise<readonly StoreFault[]> {
    try {
      const connector = await this.openStore.execute(tenant, store);
      const faults = await connector.check(
        store.datasets.flatMap(byEveryMoment),
        AbortSignal.timeout(longest),
      );
      return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
    } catch (error) {
      if (error instanceof DependencyError)
        return [{ dataset: '', message: `${error.code}: ${error.message}` }];
      throw error;
    }
  }
}

/** A dataset once for each moment that its rows are said to carry, so that each of them is looked for. */
function byEveryMoment(dataset: MappedDataset): readonly MappedDataset[] {
  return [dataset, ...Object.keys(dataset.moments).map((moment) => datasetBy(dataset, moment))];
}
