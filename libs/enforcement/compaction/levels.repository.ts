import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId, TenantId } from '#kernel';

/** Statements on how far what was erased is gone; each serves a whole store. */
@Injectable()
export class LevelsRepository {
  /**
   * What was removed from datasets of a store has reached a further level. Opens the requests to be settled once more, so that
   * a receipt says so; but not yet those with parts in stores that are compacted `soon`, until that moment. Answers whether there were any.
   */
  async raise(
    tx: EntityManager,
    tenant: TenantId,
    store: { readonly id: StoreId; readonly datasets: readonly string[]; readonly level: string },
    soon: Date,
  ): Promise<boolean> {
    const [raised] = await tx.query<[{ cause_id: string }[], number]>(
      `update obligations set level = $4
        where tenant_id = $1 and store_id = $2 and dataset = any($3::text[]) and level = 'removed' and settled_at is not null
        returning cause_id`,
      [tenant, store.id, store.datasets, store.level],
    );
    const causes = [...new Set(raised.map((row) => row.cause_id))];
    if (causes.length === 0) return false;
    const [, count] = await tx.query<[unknown[], number]>(
      `update causes c set closed_at = null
         from (select tenant_id, id from causes
                where tenant_id = $1 and id = any($2::uuid[]) and kind = 'request' and settled_at is not null and closed_at is not null
                order by id for update) mine
        where c.tenant_id = mine.tenant_id and c.id = mine.id
          and not exists (select 1 from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id
                           where o.tenant_id = c.tenant_id and o.cause_id = c.id and o.level = 'removed'
                             and o.dataset = any(s.compaction_owed) and s.compaction_due_at <= $3)`,
      [tenant, causes, soon],
    );
    return count > 0;
  }
}
