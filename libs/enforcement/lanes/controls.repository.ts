import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { storeId, tenantId, type StoreId, type TenantId } from '#kernel';
import type { Pause, StoreControl } from '../domain/admission.js';
import { largestBatch } from '../domain/pace.js';
import type { Flow } from './flow.js';

/** A store of a lane, with what is known about it. */
export interface ControlledStore {
  readonly tenant: TenantId;
  readonly id: StoreId;
  readonly name: string;
  readonly control: StoreControl;
}

interface ControlRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly name: string;
  readonly failures: number | null;
  readonly trips: number | null;
  readonly opened_at: Date | null;
  readonly error: string | null;
  readonly probe_at: Date | null;
  readonly paused_at: Date | null;
  readonly paused_by: string | null;
  readonly pause_reason: string | null;
  readonly draining: boolean | null;
  readonly batch_size: number | null;
  readonly baseline: number | null;
}

const columns = `s.tenant_id, s.id, s.name, c.failures, c.trips, c.opened_at, c.error, c.probe_at, c.paused_at, c.paused_by,
  c.pause_reason, c.draining, c.batch_size, c.baseline`;
const joined = 'stores s left join store_controls c on c.tenant_id = s.tenant_id and c.store_id = s.id';

/** Statements on what is known and decided about stores. */
@Injectable()
export class ControlsRepository {
  /** The stores of these lanes, but those of tenants that are being erased. */
  async ofLanes(tx: EntityManager, laneIds: readonly string[]): Promise<readonly ControlledStore[]> {
    const rows = await tx.query<ControlRow[]>(
      `select ${columns} from ${joined}
        where s.lane_id = any ($1::uuid[]) and s.tenant_id <> all (array(select id from tenants where state = 'erasing'))`,
      [laneIds],
    );
    return rows.map(read);
  }

  async ofTenant(tx: EntityManager, tenant: TenantId): Promise<readonly ControlledStore[]> {
    const rows = await tx.query<ControlRow[]>(`select ${columns} from ${joined} where s.tenant_id = $1`, [
      tenant,
    ]);
    return rows.map(read);
  }

  /** What calls told. Of a store that is just being removed nothing is noted. */
  async record(tx: EntityManager, flows: readonly Flow[]): Promise<void> {
    const documents = flows
      .filter(({ isNews }) => isNews)
      .map(({ id, circuit, pace }) => ({
        ...id,
        ...circuit,
        size: pace.size,
        baseline: pace.baseline ?? null,
      }));
    if (documents.length === 0) return;
    await tx.query(
      `with told as (
         select * from jsonb_to_recordset($1::jsonb) as t (
                tenant uuid, store uuid, failures integer, trips integer, "openedAt" timestamptz, error text, "nextTry" timestamptz,
                size integer, baseline double precision)),
       here as (
         select s.tenant_id, s.id from stores s join told t on t.tenant = s.tenant_id and t.store = s.id
          order by s.tenant_id, s.id for key share of s skip locked)
       insert into store_controls (tenant_id, store_id, failures, trips, opened_at, error, probe_at, batch_size, baseline)
       select t.tenant, t.store, t.failures, t.trips, t."openedAt", t.error, t."nextTry", t.size, t.baseline
         from told t join here h on h.tenant_id = t.tenant and h.id = t.store
       on conflict (tenant_id, store_id) do update
         set failures = excluded.failures, trips = excluded.trips, opened_at = excluded.opened_at, error = excluded.error,
             probe_at = excluded.probe_at, batch_size = excluded.batch_size, baseline = excluded.baseline`,
      [JSON.stringify(documents)],
    );
  }

  async pause(tx: EntityManager, tenant: TenantId, id: StoreId, pause: Pause): Promise<void> {
    await tx.query(
      `insert into store_controls (tenant_id, store_id, paused_at, paused_by, pause_reason, draining) values ($1, $2, $3, $4, $5, $6)
       on conflict (tenant_id, store_id) do update
         set paused_at = excluded.paused_at, paused_by = excluded.paused_by, pause_reason = excluded.pause_reason,
             draining = excluded.draining`,
      [tenant, id, pause.at, pause.by, pause.reason, pause.draining],
    );
  }

  /** An open circuit tries again at once. */
  async resume(tx: EntityManager, tenant: TenantId, id: StoreId, at: Date): Promise<void> {
    await tx.query(
      `update store_controls
          set paused_at = null, paused_by = null, pause_reason = null, draining = false,
              probe_at = case when probe_at > $3 then $3::timestamptz else probe_at end
        where tenant_id = $1 and store_id = $2`,
      [tenant, id, at],
    );
  }
}

function read(row: ControlRow): ControlledStore {
  return {
    tenant: tenantId(row.tenant_id),
    id: storeId(row.id),
    name: row.name,
    control: {
      circuit: {
        failures: row.failures ?? 0,
        trips: row.trips ?? 0,
        openedAt: row.opened_at,
        error: row.error,
        nextTry: row.probe_at,
      },
      pause: readPause(row),
      pace: { size: row.batch_size ?? largestBatch, baseline: row.baseline ?? undefined },
    },
  };
}

function readPause({
  paused_at: at,
  paused_by: by,
  pause_reason: reason,
  draining,
}: ControlRow): Pause | null {
  if (at === null || by === null || reason === null) return null;
  return { at, by, reason, draining: draining === true };
}
