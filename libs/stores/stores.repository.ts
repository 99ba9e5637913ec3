import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { storeId, type StoreId, type TenantId } from '#kernel';
import type { RegisteredStore, StoreFault } from './domain/registered-store.js';
import { StoreRow } from './rows/store.row.js';

/** A store as it is written at registration. */
export type NewStore = Omit<RegisteredStore, 'state' | 'faults' | 'compactionOwed' | 'compactionDueAt'> & {
  readonly sealedSettings: Buffer;
};

@Injectable()
export class StoresRepository {
  async all(tx: EntityManager, tenant: TenantId): Promise<readonly RegisteredStore[]> {
    const rows = await tx.find(StoreRow, { where: { tenantId: tenant }, order: { name: 'asc' } });
    return rows.map(read);
  }

  /** The stores of a lane, but those of a tenant that is being erased: nobody works on them any more. */
  async ofLane(
    tx: EntityManager,
    laneId: string,
  ): Promise<readonly (RegisteredStore & { readonly tenantId: string })[]> {
    const rows = await tx
      .createQueryBuilder(StoreRow, 's')
      .where('s.laneId = :laneId', { laneId })
      .andWhere(`s.tenantId <> all (array(select id from tenants where state = 'erasing'))`)
      .getMany();
    return rows.map((row) => ({ ...read(row), tenantId: row.tenantId }));
  }

  async sealedSettings(tx: EntityManager, tenant: TenantId, id: StoreId): Promise<Buffer | undefined> {
    const row = await tx.findOne(StoreRow, {
      where: { tenantId: tenant, id },
      select: { tenantId: true, id: true, sealedSettings: true },
    });
    return row?.sealedSettings;
  }

  /** The lane of an endpoint, made when it is the first; stores with the same endpoint share it. */
  async lane(
    tx: EntityManager,
    fresh: string,
    lane: { readonly type: string; readonly endpoint: string; readonly region: string },
  ): Promise<string> {
    const [row] = await tx.query<{ lane_for: string }[]>('select lane_for($1, $2, $3, $4)', [
      fresh,
      lane.type,
      lane.endpoint,
      lane.region,
    ]);
    if (row === undefined) throw new TypeError('lane_for answered nothing');
    return row.lane_for;
  }

  /** Registers a store, or replaces the description of the one of that name (which keeps its id). */
  async upsert(tx: EntityManager, tenant: TenantId, store: NewStore, at: Date): Promise<void> {
    await tx.query(
      `insert into stores (tenant_id, id, name, type, lane_id, region, level, backup_horizon, datasets, sealed_settings, state, registered_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'unchecked', $11)
       on conflict (tenant_id, name) do update
         set type = excluded.type, lane_id = excluded.lane_id, region = excluded.region, level = excluded.level,
             backup_horizon = excluded.backup_horizon, datasets = excluded.datasets,
             sealed_settings = excluded.sealed_settings, state = 'unchecked', faults = '[]', registered_at = excluded.registered_at`,
      [
        tenant,
        store.id,
        store.name,
        store.type,
        store.laneId,
        store.region,
        store.level,
        store.backupHorizon,
        JSON.stringify(store.datasets),
        store.sealedSettings,
        at,
      ],
    );
  }

  async recordCheck(
    tx: EntityManager,
    tenant: TenantId,
    id: StoreId,
    faults: readonly StoreFault[],
    at: Date,
  ): Promise<void> {
    await tx.query(
      `update stores set state = case when $3::jsonb = '[]' then 'ready' else 'faulty' end, faults = $3, checked_at = $4
        where tenant_id = $1 and id = $2`,
      [tenant, id, JSON.stringify(faults), at],
    );
  }

  /** Notes datasets that were erased from; they are compacted once their lane is idle. */
  async oweCompaction(
    tx: EntityManager,
    tenant: TenantId,
    id: StoreId,
    owed: { readonly datasets: readonly string[]; readonly at: Date },
  ): Promise<void> {
    await tx.query(
      `update stores
          set compaction_owed = (select array_agg(distinct name order by name) from unnest(compaction_owed || $3::text[]) as name),
              compaction_due_at = coalesce(compaction_due_at, $4)
        where tenant_id = $1 and id = $2 and not compaction_owed @> $3::text[]`,
      [tenant, id, owed.datasets, owed.at],
    );
  }

  /** False when the store is no longer registered. */
  async compacted(tx: EntityManager, tenant: TenantId, id: StoreId): Promise<boolean> {
    const [, count] = await tx.query<[unknown[], number]>(
      `update stores set compaction_owed = '{}', compaction_due_at = null where tenant_id = $1 and id = $2`,
      [tenant, id],
    );
    return count === 1;
  }

  /** A compaction that failed stays owed and is tried again then. False when the store is no longer registered. */
  async postponeCompaction(tx: EntityManager, tenant: TenantId, id: StoreId, until: Date): Promise<boolean> {
    const [, count] = await tx.query<[unknown[], number]>(
      'update stores set compaction_due_at = $3 where tenant_id = $1 and id = $2',
      [tenant, id, until],
    );
    return count === 1;
  }

  /** Tenants with stores that nobody has checked: what a lost bell left behind. */
  async tenantsWithUnchecked(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from stores where state = 'unchecked'`,
    );
    return rows.map((row) => row.tenant_id);
  }
}

function read(row: StoreRow): RegisteredStore {
  const { name, type, laneId, region, level, backupHorizon, datasets, state, faults, compactionOwed } = row;
  const { compactionDueAt } = row;
  return {
    id: storeId(row.id),
    name,
    type,
    laneId,
    region,
    level,
    backupHorizon,
    datasets,
    state,
    faults,
    compactionOwed,
    compactionDueAt,
  };
}
