import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A lane held by one worker until its lease ends; the fence makes a stale holder's writes fail. */
export interface Lease {
  readonly laneId: string;
  readonly fence: number;
}

@Injectable()
export class LanesRepository {
  /** Takes the lane when nobody holds it; undefined otherwise, or when the lane is not in one of the regions. */
  async acquire(
    tx: EntityManager,
    laneId: string,
    lease: { readonly now: Date; readonly until: Date; readonly regions: readonly string[] | undefined },
  ): Promise<Lease | undefined> {
    const [rows] = await tx.query<[{ fence: string }[], number]>(
      `update lanes set fence = fence + 1, lease_until = $3
        where id = $1 and (lease_until is null or lease_until < $2) and ($4::text[] is null or region = any($4))
        returning fence`,
      [laneId, lease.now, lease.until, lease.regions ?? null],
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
    const rows = await tx.query<unknown[]>('select 1 from lanes where id = $1 and fence = $2 for update', [
      lease.laneId,
      lease.fence,
    ]);
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

  async closeBatch(tx: EntityManager, id: string, at: Date): Promise<void> {
    await tx.query('update batches set settled_at = $2 where id = $1', [id, at]);
  }

  /**
   * Lanes with due work, or a compaction that is due, that nobody holds: what a lost bell or a dead worker left behind.
   * What is left of a tenant that is being erased is no work.
   */
  async idleWithWork(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const rows = await tx.query<{ id: string }[]>(
      `with leaving as (select array(select id from tenants where state = 'erasing') as ids)
       select l.id from lanes l, leaving
        where (l.lease_until is null or l.lease_until < $1)
          and (exists (select 1 from obligations o
                        where o.lane_id = l.id and o.settled_at is null and o.due_at <= $1 and o.tenant_id <> all (leaving.ids))
               or exists (select 1 from stores s
                           where s.lane_id = l.id and s.compaction_due_at <= $1 and s.tenant_id <> all (leaving.ids)))`,
      [now],
    );
    return rows.map((row) => row.id);
  }

  /** Age of the oldest open obligation in seconds, and how many are past their deadline; what waits for a hold is not late. */
  async backlog(
    tx: EntityManager,
    now: Date,
  ): Promise<{ readonly ageSeconds: number; readonly overdue: number }> {
    const [row] = await tx.query<{ age: string | null; overdue: string }[]>(
      `select extract(epoch from $1::timestamptz - min(planned_at)) as age, count(*) filter (where deadline < $1) as overdue
         from obligations where settled_at is null and hold_id is null`,
      [now],
    );
    return { ageSeconds: Number(row?.age ?? 0), overdue: Number(row?.overdue ?? 0) };
  }
}
