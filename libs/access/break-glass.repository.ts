import { Injectable } from '@nestjs/common';
import { MoreThan, type EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import type { Approval, BreakGlassGrant, Ending } from './domain/break-glass.js';
import { BreakGlassRow } from './rows/break-glass.row.js';

/** A grant as it is kept, with the number of operations it was used for. */
export type KeptGrant = BreakGlassGrant & { readonly uses: number };

@Injectable()
export class BreakGlassRepository {
  async insert(tx: EntityManager, tenant: TenantId, grant: KeptGrant): Promise<void> {
    await tx.insert(BreakGlassRow, { ...grant, tenantId: tenant });
  }

  async find(tx: EntityManager, tenant: TenantId, id: string): Promise<KeptGrant | null> {
    return tx.findOneBy(BreakGlassRow, { tenantId: tenant, id });
  }

  /** Locked until the transaction ends: a use, an approval and an end of one access take turns. */
  async lock(tx: EntityManager, tenant: TenantId, id: string): Promise<KeptGrant | null> {
    return tx.findOne(BreakGlassRow, {
      where: { tenantId: tenant, id },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async list(
    tx: EntityManager,
    tenant: TenantId,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly KeptGrant[]> {
    return tx.find(BreakGlassRow, {
      where: { tenantId: tenant, ...(page.after === undefined ? {} : { id: MoreThan(page.after) }) },
      order: { id: 'asc' },
      take: page.limit,
    });
  }

  async change(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    change: Approval | Ending | Pick<KeptGrant, 'uses'>,
  ): Promise<void> {
    await tx.update(BreakGlassRow, { tenantId: tenant, id }, change);
  }
}
