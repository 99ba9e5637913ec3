import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { Regions } from '#platform/runtime';
import type { RegisteredStore } from './domain/registered-store.js';
import { StoresRepository } from './stores.repository.js';

/** The stores of a tenant, and which of them this process may call. */
@Injectable()
export class ServedStores {
  constructor(
    private readonly repository: StoresRepository,
    private readonly regions: Regions,
  ) {}

  async all(tx: EntityManager, tenant: TenantId): Promise<readonly RegisteredStore[]> {
    return this.repository.all(tx, tenant);
  }

  serves({ region }: RegisteredStore): boolean {
    return this.regions.serves(region);
  }

  /** Throws Elsewhere when some of these have to be left to other processes. */
  requireAll(stores: readonly RegisteredStore[]): void {
    this.regions.requireAll(stores.map(({ region }) => region));
  }
}
