import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
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

  async all(caller: Caller): Promise<readonly RegisteredStore[]> {
    const stores = await this.transactions.run(caller.tenant, (tx) => this.repository.all(tx, caller.tenant));
    return visibleTo(caller, stores);
  }
}

/** A tenant has few stores, so they are narrowed after the read. */
export function visibleTo(caller: Caller, stores: readonly RegisteredStore[]): readonly RegisteredStore[] {
  return stores.filter(({ name, region }) => caller.may('read', 'Store', { store: name, region }));
}
