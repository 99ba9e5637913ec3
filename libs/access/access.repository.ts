import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan, QueryFailedError, type EntityManager } from 'typeorm';
import { DomainError, type TenantId } from '#kernel';
import { PreparedStatements } from '#platform/database';
import type { TenantState } from './domain/principal.js';
import { ApiKeyRow } from './rows/api-key.row.js';
import { TenantRow } from './rows/tenant.row.js';

/** A key as authentication finds it, whichever tenant's it is. */
export interface FoundKey {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly tenant_state: TenantState | null;
  readonly secret_hash: Buffer;
  readonly role: string;
  readonly scope: unknown;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}

const findKey = {
  name: 'access.find_api_key',
  text: 'select id, tenant_id, tenant_state, secret_hash, role, scope, expires_at, revoked_at from find_api_key($1)',
};
const findTenant = { name: 'access.find_tenant', text: 'select id, state from find_tenant($1)' };
const touchKeys = {
  name: 'access.touch_api_keys',
  text: 'select touch_api_keys($1::uuid[], $2::timestamptz[])',
};
const uniqueViolation = '23505';

@Injectable()
export class AccessRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  async keyByPrefix(prefix: string): Promise<FoundKey | undefined> {
    const [row] = await this.prepared.rows<FoundKey>(findKey, [prefix]);
    return row;
  }

  /** By slug or id. */
  async tenantByName(
    wanted: string,
  ): Promise<{ readonly id: string; readonly state: TenantState } | undefined> {
    const [row] = await this.prepared.rows<{ id: string; state: TenantState }>(findTenant, [wanted]);
    return row;
  }

  async touchKeys(used: readonly (readonly [id: string, at: Date])[]): Promise<void> {
    await this.prepared.rows(touchKeys, [used.map(([id]) => id), used.map(([, at]) => at)]);
  }

  async insertTenant(
    tx: EntityManager,
    row: Pick<TenantRow, 'id' | 'slug' | 'name' | 'createdAt'>,
  ): Promise<void> {
    try {
      await tx.insert(TenantRow, row);
    } catch (error) {
      if (error instanceof QueryFailedError && 'code' in error && error.code === uniqueViolation) {
        throw new DomainError('conflict', 'tenant.slug_taken', `a tenant named ${row.slug} exists already`, {
          pointer: '/slug',
        });
      }
      throw error;
    }
  }

  async tenant(tx: EntityManager, tenant: TenantId): Promise<TenantRow | null> {
    return tx.findOneBy(TenantRow, { id: tenant });
  }

  async insertKey(tx: EntityManager, row: ApiKeyRow): Promise<void> {
    await tx.insert(ApiKeyRow, row);
  }

  async keys(
    tx: EntityManager,
    tenant: TenantId,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly ApiKeyRow[]> {
    return tx.find(ApiKeyRow, {
      where: { tenantId: tenant, ...(page.after === undefined ? {} : { id: MoreThan(page.after) }) },
      order: { id: 'asc' },
      take: page.limit,
    });
  }

  /** A key that is not revoked, locked. */
  async lockKey(tx: EntityManager, tenant: TenantId, id: string): Promise<ApiKeyRow | null> {
    return tx.findOne(ApiKeyRow, {
      where: { id, tenantId: tenant, revokedAt: IsNull() },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async replaceKey(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    change: { readonly replacedBy: string; readonly expiresAt: Date },
  ): Promise<void> {
    await tx.update(ApiKeyRow, { id, tenantId: tenant }, change);
  }

  /** Answers whether a key that was still in force was revoked. */
  async revokeKey(tx: EntityManager, tenant: TenantId, id: string, at: Date): Promise<boolean> {
    const result = await tx.update(
      ApiKeyRow,
      { id, tenantId: tenant, revokedAt: IsNull() },
      { revokedAt: at },
    );
    return result.affected === 1;
  }
}
