import { Injectable } from '@nestjs/common';
import { IsNull, QueryFailedError, type EntityManager } from 'typeorm';
import { DomainError, type TenantId } from '#kernel';
import { PreparedStatements } from '#platform/database';
import { ApiKeyRow } from './rows/api-key.row.js';
import { TenantRow } from './rows/tenant.row.js';

interface FoundKey {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly secret_hash: Buffer;
  readonly role: string;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}

const findKey = {
  name: 'access.find_api_key',
  text: 'select id, tenant_id, secret_hash, role, expires_at, revoked_at from find_api_key($1)',
};
const uniqueViolation = '23505';

@Injectable()
export class AccessRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  async keyByPrefix(prefix: string): Promise<FoundKey | undefined> {
    const [row] = await this.prepared.rows<FoundKey>(findKey, [prefix]);
    return row;
  }

  async insertTenant(tx: EntityManager, row: TenantRow): Promise<void> {
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

  async keys(tx: EntityManager, tenant: TenantId): Promise<readonly ApiKeyRow[]> {
    return tx.find(ApiKeyRow, { where: { tenantId: tenant }, order: { id: 'asc' }, take: 1_000 });
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
