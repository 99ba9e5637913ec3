import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId } from '#kernel';
import { readClaimed, type ClaimedRow } from '../obligation-rows.js';
import type { ClaimedObligation } from '../obligation.js';

/** Which of a lane's due obligations a batch takes. */
export interface WantedWork {
  readonly most: number;
  /** Not of these stores. */
  readonly except?: readonly StoreId[];
  /** Of this store alone. */
  readonly only?: StoreId;
  /** But not these obligations. */
  readonly inHand?: readonly string[];
  /** Only what was planned until then. */
  readonly plannedUntil?: Date | null;
  /** What has waited longest goes first, so that another try is with others. */
  readonly probing?: boolean;
}

@Injectable()
export class DueRepository {
  /**
   * The due obligations of a lane, nearest deadline first, each counted as one more attempt. What another lane is just
   * releasing is left for the next batch: its bell comes with the release. Those of a tenant that is being erased wait for
   * their own removal.
   */
  async claim(
    tx: EntityManager,
    laneId: string,
    now: Date,
    { most, except, only, plannedUntil, probing, inHand }: WantedWork,
  ): Promise<readonly ClaimedObligation[]> {
    const [rows] = await tx.query<[ClaimedRow[], number]>(
      `update obligations o set attempts = o.attempts + 1
         from (select tenant_id, id from obligations
                where lane_id = $1 and settled_at is null and due_at <= $2
                  and tenant_id <> all (array(select id from tenants where state = 'erasing'))
                  and store_id <> all ($4::uuid[]) and ($5::uuid is null or store_id = $5)
                  and ($6::timestamptz is null or planned_at <= $6) and id <> all ($8::uuid[])
                order by case when $7 then due_at end, deadline, id limit $3 for update skip locked) due
        where o.tenant_id = due.tenant_id and o.id = due.id
        returning o.tenant_id, o.id, o.store_id, o.dataset, o.cause_kind, o.cause_id, o.subject_ref, o.sealed_key, o.only_purposes,
                  o.moment, o.cut_off, o.as_of, o.awaits, o.attempts, o.progress, o.rows, o.exact, o.policy_version, o.succeeds`,
      [laneId, now, most, except ?? [], only ?? null, plannedUntil ?? null, probing ?? false, inHand ?? []],
    );
    return rows.map(readClaimed);
  }
}
