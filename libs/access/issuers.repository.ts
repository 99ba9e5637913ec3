import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan, QueryFailedError, type EntityManager } from 'typeorm';
import { DomainError, type TenantId } from '#kernel';
import type { Issuer } from './domain/issuer.js';
import { IssuerRow } from './rows/issuer.row.js';

/** A row to be, which no TypeORM class has made. */
type NewIssuerRow = Omit<Issuer, 'algorithms'> &
  Pick<IssuerRow, 'tenantId' | 'algorithms' | 'createdAt' | 'revokedAt'>;

const uniqueViolation = '23505';

@Injectable()
export class IssuersRepository {
  /** Throws DomainError conflict `issuer.exists`. */
  async insert(tx: EntityManager, row: NewIssuerRow): Promise<void> {
    try {
      const { jwks, roleMap } = row;
      // TypeORM's type of a jsonb column to insert does not admit a readonly object.
      await tx.insert(IssuerRow, {
        ...row,
        jwks: jwks === null ? null : { keys: jwks.keys.map((key) => ({ ...key })) },
        roleMap: roleMap === null ? null : { ...roleMap },
      });
    } catch (error) {
      if (error instanceof QueryFailedError && 'code' in error && error.code === uniqueViolation) {
        throw new DomainError(
          'conflict',
          'issuer.exists',
          'an issuer of this URL and audience is trusted already: revoke it first',
          { pointer: '/issuer' },
        );
      }
      throw error;
    }
  }

  async inForce(tx: EntityManager, tenant: TenantId): Promise<readonly IssuerRow[]> {
    return tx.find(IssuerRow, { where: { tenantId: tenant, revokedAt: IsNull() }, order: { id: 'asc' } });
  }

  async countInForce(tx: EntityManager, tenant: TenantId): Promise<number> {
    return tx.countBy(IssuerRow, { tenantId: tenant, revokedAt: IsNull() });
  }

  async list(
    tx: EntityManager,
    tenant: TenantId,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly IssuerRow[]> {
    return tx.find(IssuerRow, {
      where: { tenantId: tenant, ...(page.after === undefined ? {} : { id: MoreThan(page.after) }) },
      order: { id: 'asc' },
      take: page.limit,
    });
  }

  /** Answers the issuer that was still trusted and no longer is; of two at once, one. */
  async revoke(tx: EntityManager, tenant: TenantId, id: string, at: Date): Promise<IssuerRow | null> {
    const result = await tx.update(
      IssuerRow,
      { tenantId: tenant, id, revokedAt: IsNull() },
      { revokedAt: at },
    );
    return result.affected === 1 ? tx.findOneBy(IssuerRow, { tenantId: tenant, id }) : null;
  }
}
