import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { policySchema, type AppliedPolicy, type Policy } from './domain/policy.js';
import { PolicyRow } from './rows/policy.row.js';

@Injectable()
export class PoliciesRepository {
  /** The version in force, or undefined before the first. */
  async current(tx: EntityManager, tenant: TenantId): Promise<AppliedPolicy | undefined> {
    const row = await tx.findOne(PolicyRow, { where: { tenantId: tenant }, order: { version: 'desc' } });
    return row === null ? undefined : read(row);
  }

  async version(tx: EntityManager, tenant: TenantId, version: number): Promise<AppliedPolicy | undefined> {
    const row = await tx.findOneBy(PolicyRow, { tenantId: tenant, version });
    return row === null ? undefined : read(row);
  }

  /** Two applications at once serialise on the tenant's ledger counter; the primary key refuses a lost race. */
  async insert(
    tx: EntityManager,
    tenant: TenantId,
    applied: AppliedPolicy,
    digest: string,
    at: Date,
  ): Promise<void> {
    const document: Policy = applied.policy;
    await tx.insert(PolicyRow, {
      tenantId: tenant,
      version: applied.version,
      document,
      digest,
      appliedAt: at,
    });
  }
}

function read(row: PolicyRow): AppliedPolicy {
  return { version: row.version, policy: policySchema.parse(row.document) };
}
