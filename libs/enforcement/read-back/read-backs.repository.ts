import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId, TenantId } from '#kernel';
import type { ReadBackResult } from '../domain/read-back.js';
import { readClaimed, type ClaimedRow } from '../obligation-rows.js';
import type { ClaimedObligation } from '../obligation.js';

/** What was erased and is to be read back again; counts this try: 1 at the first. */
export interface DueReadBack {
  readonly obligation: ClaimedObligation;
  readonly tries: number;
}

/** How a read-back went: it ended, or is due again. */
export interface WrittenReadBack {
  readonly tenant: TenantId;
  readonly id: string;
  readonly result: ReadBackResult | null;
  readonly dueAt: Date | null;
}

/** Statements on second read-backs; each serves a batch. */
@Injectable()
export class ReadBacksRepository {
  /**
   * What is due in the stores of a lane but for some, wherever it was erased; each counted as one more try. Nobody else takes it: who holds
   * the lane is alone.
   */
  async claim(
    tx: EntityManager,
    laneId: string,
    now: Date,
    { most, except }: { readonly most: number; readonly except: readonly StoreId[] },
  ): Promise<readonly DueReadBack[]> {
    const [rows] = await tx.query<[(ClaimedRow & { readonly tries: number })[], number]>(
      `update obligations o set read_back_tries = o.read_back_tries + 1
         from (select d.tenant_id, d.id from stores s
                 join obligations d on d.tenant_id = s.tenant_id and d.store_id = s.id
                where s.lane_id = $1 and s.id <> all ($4::uuid[]) and d.read_back_due_at <= $2
                  and s.tenant_id <> all (array(select id from tenants where state = 'erasing'))
                order by d.read_back_due_at, d.id limit $3 for update of d skip locked) due
        where o.tenant_id = due.tenant_id and o.id = due.id
        returning o.tenant_id, o.id, o.store_id, o.dataset, o.cause_kind, o.cause_id, o.subject_ref, o.sealed_key, o.only_purposes,
                  o.moment, o.cut_off, o.as_of, o.awaits, o.attempts, o.progress, o.rows, o.exact, o.policy_version, o.succeeds,
                  o.read_back_tries as tries`,
      [laneId, now, most, except],
    );
    return rows.map((row) => ({ obligation: readClaimed(row), tries: row.tries }));
  }

  /**
   * Writes how read-backs went, and wipes the keys of those that ended: whoever goes on with one has read it already.
   * What a tenant that is being erased has is written by nobody.
   */
  async write(
    tx: EntityManager,
    readBacks: readonly WrittenReadBack[],
    now: Date,
  ): Promise<ReadonlySet<string>> {
    const [rows] = await tx.query<[{ id: string }[], number]>(
      `update obligations o
          set read_back = r.result, read_back_at = case when r.result is not null then $2::timestamptz end,
              read_back_due_at = r."dueAt", sealed_key = case when r.result is null then o.sealed_key end
         from jsonb_to_recordset($1::jsonb) as r (tenant uuid, id uuid, result text, "dueAt" timestamptz)
        where o.tenant_id = r.tenant and o.id = r.id and o.read_back_due_at is not null
          and o.tenant_id <> all (array(select id from tenants where state = 'erasing'))
        returning o.id`,
      [JSON.stringify(readBacks), now],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Opens requests to be settled once more whose last read-back is done, so that a receipt says so. Answers whether there
   * were any. The causes are locked.
   */
  async reopen(tx: EntityManager, tenant: TenantId, causes: readonly string[]): Promise<boolean> {
    const [, count] = await tx.query<[unknown[], number]>(
      `update causes c set closed_at = null
        where c.tenant_id = $1 and c.id = any($2::uuid[]) and c.kind = 'request' and c.settled_at is not null and c.closed_at is not null
          and not exists (select 1 from obligations o
                           where o.tenant_id = $1 and o.cause_id = c.id and o.read_back_due_at is not null)`,
      [tenant, causes],
    );
    return count > 0;
  }
}
