import { Injectable } from '@nestjs/common';
import { DomainError, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import type { RegisteredStore } from './domain/registered-store.js';
import { StoresRepository } from './stores.repository.js';

/** The registry of stores, without their settings. */
@Injectable()
export class ReadStores {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: StoresRepository,
  ) {}

  async all(tenant: TenantId): Promise<readonly RegisteredStore[]> {
    return this.transactions.run(tenant, (tx) => this.repository.all(tx, tenant));
  }

  /** Throws DomainError not_found `store.unknown`. */
  async byName(tenant: TenantId, name: string): Promise<RegisteredStore> {
    const store = (await this.all(tenant)).find((one) => one.name === name);
    if (store === undefined)
      throw new DomainError('not_found', 'store.unknown', 'no store of this name is registered');
    return store;
  }
}
