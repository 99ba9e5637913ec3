import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { storeId, type StoreId, type TenantId } from '#kernel';
import { RescanRow } from './rows/rescan.row.js';

/** A comparison of a store's subject keys with what must not come back. */
export interface Rescan {
  readonly id: string;
  readonly storeId: StoreId;
  readonly state: 'requested' | 'finished' | 'failed';
  readonly keys: number;
  readonly found: number;
  readonly error: string | null;
}

@Injectable()
export class RescansRepository {
  async insert(
    tx: EntityManager,
    tenant: TenantId,
    rescan: { readonly id: string; readonly storeId: StoreId; readonly at: Date },
  ): Promise<void> {
    await tx.insert(RescanRow, {
      tenantId: tenant,
      id: rescan.id,
      storeId: rescan.storeId,
      state: 'requested',
      requestedAt: rescan.at,
    });
  }

  async find(tx: EntityManager, tenant: TenantId, id: string): Promise<Rescan | undefined> {
    const row = await tx.findOneBy(RescanRow, { tenantId: tenant, id });
    return row === null ? undefined : read(row);
  }

  async requested(tx: EntityManager, tenant: TenantId): Promise<readonly Rescan[]> {
    const rows = await tx.find(RescanRow, {
      where: { tenantId: tenant, state: 'requested' },
      order: { id: 'asc' },
      take: 100,
    });
    return rows.map(read);
  }

  async finish(tx: EntityManager, tenant: TenantId, result: Rescan, at: Date): Promise<void> {
    const { id, state, keys, found, error } = result;
    await tx.update(
      RescanRow,
      { tenantId: tenant, id },
      { state, keys: String(keys), found: String(found), error, finishedAt: at },
    );
  }

  async tenantsWithRequested(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from rescans where state = 'requested'`,
    );
    return rows.map((row) => row.tenant_id);
  }
}

function read(row: RescanRow): Rescan {
  return {
    id: row.id,
    storeId: storeId(row.storeId),
    state: row.state,
    keys: Number(row.keys),
    found: Number(row.found),
    error: row.error,
  };
}
