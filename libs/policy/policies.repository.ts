import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual, type EntityManager } from 'typeorm';
import { tenantId, type TenantId } from '#kernel';
import type { PolicyFile } from './domain/compose-policy.js';
import { policySchema, type AppliedPolicy, type Policy } from './domain/policy.js';
import { PolicyRow } from './rows/policy.row.js';

/** A version as it was applied, without its rules. */
export interface PolicyVersion {
  readonly version: number;
  readonly digest: string;
  readonly appliedAt: Date;
  /** Null: from its application on. */
  readonly effectiveAt: Date | null;
  /** Who applied it: a key or a token's subject. */
  readonly actor: string;
}

/** A version with everything it was made from. */
export type StoredPolicy = AppliedPolicy & PolicyVersion & { readonly files: readonly PolicyFile[] };

const lanesSchema = policySchema.shape.lanes;

@Injectable()
export class PoliciesRepository {
  /** One at a time: what changes a tenant's policy, and what is held to it. Until the end of the transaction. */
  async lock(tx: EntityManager, tenant: TenantId): Promise<void> {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('lethe/policy/' || $1, 0))`, [tenant]);
  }

  /**
   * The number of the version in force at a moment, or undefined before the first: the latest of those that have taken effect, so that a
   * later version takes the place of an earlier one that was still to come.
   */
  async inForce(tx: EntityManager, tenant: TenantId, at: Date): Promise<number | undefined> {
    const row = await tx.findOne(PolicyRow, {
      select: { tenantId: true, version: true },
      where: [IsNull(), LessThanOrEqual(at)].map((effectiveAt) => ({ tenantId: tenant, effectiveAt })),
      order: { version: 'desc' },
    });
    return row?.version;
  }

  /** What the policies in force say about lanes, by tenant and store. */
  async lanes(
    tx: EntityManager,
    tenants: readonly TenantId[],
    at: Date,
  ): Promise<ReadonlyMap<TenantId, Policy['lanes']>> {
    const rows = await tx.query<{ tenant_id: string; lanes: unknown }[]>(
      `select distinct on (tenant_id) tenant_id, document -> 'lanes' as lanes from policies
        where tenant_id = any ($1::uuid[]) and (effective_at is null or effective_at <= $2)
        order by tenant_id, version desc`,
      [tenants, at],
    );
    return new Map(rows.map((row) => [tenantId(row.tenant_id), lanesSchema.parse(row.lanes ?? {})]));
  }

  /** The latest version, in force or still to come; undefined before the first. */
  async latest(tx: EntityManager, tenant: TenantId): Promise<StoredPolicy | undefined> {
    const row = await tx.findOne(PolicyRow, { where: { tenantId: tenant }, order: { version: 'desc' } });
    return row === null ? undefined : readStored(row);
  }

  async version(tx: EntityManager, tenant: TenantId, version: number): Promise<StoredPolicy | undefined> {
    const row = await tx.findOneBy(PolicyRow, { tenantId: tenant, version });
    return row === null ? undefined : readStored(row);
  }

  /** Newest first. */
  async history(tx: EntityManager, tenant: TenantId, most: number): Promise<readonly PolicyVersion[]> {
    return tx.find(PolicyRow, {
      select: { version: true, digest: true, appliedAt: true, effectiveAt: true, actor: true },
      where: { tenantId: tenant },
      order: { version: 'desc' },
      take: most,
    });
  }

  /** Two applications at once serialise on the tenant's ledger counter; the primary key refuses a lost race. */
  async insert(tx: EntityManager, tenant: TenantId, applied: StoredPolicy): Promise<void> {
    const { version, policy, files, digest, appliedAt, effectiveAt, actor } = applied;
    await tx.insert(PolicyRow, {
      tenantId: tenant,
      version,
      document: policy,
      files,
      digest,
      appliedAt,
      effectiveAt,
      actor,
    });
  }
}

function read(row: PolicyRow): AppliedPolicy {
  return { version: row.version, policy: policySchema.parse(row.document) };
}

function readStored(row: PolicyRow): StoredPolicy {
  const { files, digest, appliedAt, effectiveAt, actor } = row;
  return { ...read(row), files, digest, appliedAt, effectiveAt, actor };
}
