import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId } from '#kernel';
import { ControlsRepository } from './lanes/controls.repository.js';
import type { Flows } from './lanes/flow.js';

/** A lane held by one worker until its lease ends; the fence makes a stale holder's writes fail. */
export interface Lease {
  readonly laneId: string;
  readonly fence: number;
}

@Injectable()
export class LanesRepository {
  constructor(private readonly controls: ControlsRepository) {}

  /** The regions that these lanes are in. */
  async regions(tx: EntityManager, laneIds: readonly string[]): Promise<readonly string[]> {
    const rows = await tx.query<{ region: string }[]>(
      'select distinct region from lanes where id = any($1::uuid[])',
      [laneIds],
    );
    return rows.map(({ region }) => region);
  }

  /** Takes the lane when nobody holds it; undefined otherwise. */
  async acquire(
    tx: EntityManager,
    laneId: string,
    lease: { readonly now: Date; readonly until: Date },
  ): Promise<Lease | undefined> {
    const [rows] = await tx.query<[{ fence: string }[], number]>(
      `update lanes set fence = fence + 1, lease_until = $3
        where id = $1 and (lease_until is null or lease_until < $2)
        returning fence`,
      [laneId, lease.now, lease.until],
    );
    const [row] = rows;
    return row === undefined ? undefined : { laneId, fence: Number(row.fence) };
  }

  /** Prolongs a lease that is still ours and not released; false when it is not. */
  async extend(tx: EntityManager, lease: Lease, until: Date): Promise<boolean> {
    const [, count] = await tx.query<[unknown[], number]>(
      'update lanes set lease_until = $3 where id = $1 and fence = $2 and lease_until is not null',
      [lease.laneId, lease.fence, until],
    );
    return count === 1;
  }

  async release(tx: EntityManager, lease: Lease): Promise<void> {
    await tx.query('update lanes set lease_until = null where id = $1 and fence = $2', [
      lease.laneId,
      lease.fence,
    ]);
  }

  /** Whether the fence is still ours, held so until the transaction ends. */
  async holds(tx: EntityManager, lease: Lease): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      'select 1 from lanes where id = $1 and fence = $2 for no key update',
      [lease.laneId, lease.fence],
    );
    return rows.length === 1;
  }

  async openBatch(
    tx: EntityManager,
    lease: Lease,
    batch: { readonly id: string; readonly obligations: readonly string[]; readonly at: Date },
  ): Promise<void> {
    await tx.query(
      'insert into batches (id, lane_id, fence, obligation_ids, started_at) values ($1, $2, $3, $4, $5)',
      [batch.id, lease.laneId, lease.fence, batch.obligations, batch.at],
    );
  }

  /** Closes a batch, and notes what its calls told of the stores. */
  async closeBatch(
    tx: EntityManager,
    { id, flows }: { readonly id: string; readonly flows: Flows },
    at: Date,
  ): Promise<void> {
    await tx.query('update batches set settled_at = $2 where id = $1', [id, at]);
    await this.controls.record(tx, [...flows.values()]);
  }

  /**
   * Lanes with due work, a second read-back or a compaction that is due, that nobody holds: what a lost bell or a dead worker
   * left behind, and what has become possible again. What is left of a tenant that is being erased is no work; nor is what is
   * to wait, in stores whose circuit is open, that are paused, or that are `closed`.
   */
  async idleWithWork(
    tx: EntityManager,
    now: Date,
    closed: readonly StoreId[] = [],
  ): Promise<readonly { readonly id: string; readonly region: string }[]> {
    const mayGo = '(c.paused_at is null or c.draining) and (c.probe_at is null or c.probe_at <= $1)';
    return tx.query<{ id: string; region: string }[]>(
      `with leaving as (select array(select id from tenants where state = 'erasing') as ids)
       select l.id, l.region from lanes l, leaving
        where (l.lease_until is null or l.lease_until < $1)
          and (exists (select 1 from obligations o left join store_controls c on c.tenant_id = o.tenant_id and c.store_id = o.store_id
                        where o.lane_id = l.id and o.settled_at is null and o.due_at <= $1 and o.tenant_id <> all (leaving.ids)
                          and ${mayGo} and (not c.draining is true or o.planned_at <= c.paused_at) and o.store_id <> all ($2::uuid[]))
               or exists (select 1 from stores s left join store_controls c on c.tenant_id = s.tenant_id and c.store_id = s.id
                           where s.lane_id = l.id and s.tenant_id <> all (leaving.ids) and ${mayGo} and s.id <> all ($2::uuid[])
                             and (s.compaction_due_at <= $1
                                  or exists (select 1 from obligations o where o.tenant_id = s.tenant_id and o.store_id = s.id
                                                and o.read_back_due_at <= $1))))`,
      [now, closed],
    );
  }
}
