import { Injectable } from '@nestjs/common';
import { QueryFailedError, type EntityManager } from 'typeorm';
import { TenantRow, type TenantState } from '#access';
import { DomainError, tenantId, type TenantId } from '#kernel';
import type { Offboarding } from './domain/offboarding.js';

/** The part of a tenant's row that its leaving is about. */
export type LeavingTenant = Offboarding & {
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
};

/** Statements on the states of tenants, and the one that removes what is theirs. */
@Injectable()
export class OffboardingRepository {
  async read(tx: EntityManager, tenant: TenantId): Promise<LeavingTenant> {
    return present(await tx.findOneByOrFail(TenantRow, { id: tenant }));
  }

  /** Locked against every other change of its state, and not against rows that refer to it. */
  async lock(tx: EntityManager, tenant: TenantId): Promise<LeavingTenant> {
    const lock = { mode: 'for_no_key_update' } as const;
    return present(await tx.findOneOrFail(TenantRow, { where: { id: tenant }, lock }));
  }

  async begin(tx: EntityManager, tenant: TenantId, since: Date): Promise<void> {
    await tx.update(
      TenantRow,
      { id: tenant },
      { state: 'offboarding', offboardingSince: since, exportDigest: null, exportRevision: null },
    );
  }

  async cancel(tx: EntityManager, tenant: TenantId): Promise<void> {
    await tx.update(
      TenantRow,
      { id: tenant },
      { state: 'active', offboardingSince: null, exportDigest: null, exportRevision: null },
    );
  }

  async recordExport(
    tx: EntityManager,
    tenant: TenantId,
    taken: { readonly digest: string; readonly revision: number },
  ): Promise<void> {
    await tx.update(
      TenantRow,
      { id: tenant },
      { exportDigest: taken.digest, exportRevision: String(taken.revision) },
    );
  }

  async beginErasure(tx: EntityManager, tenant: TenantId): Promise<void> {
    await tx.update(TenantRow, { id: tenant }, { state: 'erasing' });
  }

  /** Undefined when there is no such tenant. */
  async stateOf(tx: EntityManager, tenant: TenantId): Promise<TenantState | undefined> {
    const rows = await tx.query<{ state: TenantState }[]>('select state from tenants where id = $1', [
      tenant,
    ]);
    return rows[0]?.state;
  }

  async erasing(tx: EntityManager): Promise<readonly TenantId[]> {
    const rows = await tx.query<{ id: string }[]>(
      `select id from tenants where state = 'erasing' order by id`,
    );
    return rows.map((row) => tenantId(row.id));
  }

  /** Takes a tenant that is being erased, until the transaction ends; false when there is none, or another worker has it. */
  async take(tx: EntityManager, tenant: TenantId): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `select 1 from tenants where id = $1 and state = 'erasing' for no key update skip locked`,
      [tenant],
    );
    return rows.length === 1;
  }

  /**
   * Removes at most so many rows; 0 when none was left. Throws DomainError conflict `tenant.contended` when somebody's
   * work was in the way that will have ended at the next try.
   */
  async erase(tx: EntityManager, tenant: TenantId, most: number): Promise<number> {
    try {
      const [row] = await tx.query<{ erased: number }[]>('select erase_tenant($1, $2) as erased', [
        tenant,
        most,
      ]);
      return row?.erased ?? 0;
    } catch (error) {
      if (!isContention(error)) throw error;
      throw new DomainError('conflict', 'tenant.contended', 'work of the tenant was under way', {
        cause: error,
      });
    }
  }

  /** How many rows went, over all calls. */
  async erasedRows(tx: EntityManager, tenant: TenantId): Promise<number> {
    const [row] = await tx.query<{ erased_rows: string }[]>('select erased_rows from tenants where id = $1', [
      tenant,
    ]);
    return Number(row?.erased_rows ?? 0);
  }

  async finish(tx: EntityManager, tenant: TenantId, at: Date): Promise<void> {
    await tx.query(
      `update tenants set state = 'offboarded', name = '', offboarded_at = $2 where id = $1 and state = 'erasing'`,
      [tenant, at],
    );
  }
}

/** A deadlock, or a row that was added under one that goes. */
const contention = ['40P01', '23503'];

function isContention(error: unknown): boolean {
  return error instanceof QueryFailedError && 'code' in error && contention.includes(String(error.code));
}

function present(row: TenantRow): LeavingTenant {
  const { slug, name, createdAt, state, offboardingSince: since, exportDigest, exportRevision } = row;
  return {
    slug,
    name,
    createdAt,
    state,
    since,
    exportDigest,
    exportRevision: exportRevision === null ? null : Number(exportRevision),
  };
}
