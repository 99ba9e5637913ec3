import { Injectable } from '@nestjs/common';
import { Any, LessThanOrEqual, Not, type EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { policySchema } from '#policy';
import type { CountedDataset, PolicyPlan } from './plan.js';
import { PolicyPlanRow } from './rows/policy-plan.row.js';

@Injectable()
export class PlansRepository {
  async insert(tx: EntityManager, tenant: TenantId, plan: PolicyPlan): Promise<void> {
    const { policy, ...rest } = plan;
    await tx.insert(PolicyPlanRow, { tenantId: tenant, ...rest, document: policy });
  }

  async find(tx: EntityManager, tenant: TenantId, id: string): Promise<PolicyPlan | undefined> {
    const row = await tx.findOneBy(PolicyPlanRow, { tenantId: tenant, id });
    return row === null ? undefined : read(row);
  }

  /** Plans to be counted that no living worker counts; they are the caller's until then. */
  async claim(tx: EntityManager, tenant: TenantId, now: Date, until: Date): Promise<readonly PolicyPlan[]> {
    const [rows] = await tx.query<[{ id: string }[], number]>(
      `update policy_plans set counted_until = $3
        where tenant_id = $1 and state = 'counting' and (counted_until is null or counted_until <= $2) returning id`,
      [tenant, now, until],
    );
    if (rows.length === 0) return [];
    const found = await tx.find(PolicyPlanRow, {
      where: { tenantId: tenant, id: Any(rows.map(({ id }) => id)) },
      order: { id: 'asc' },
    });
    return found.map(read);
  }

  /** The worker that counts is alive. */
  async renew(tx: EntityManager, tenant: TenantId, id: string, until: Date): Promise<void> {
    await tx.update(PolicyPlanRow, { tenantId: tenant, id, state: 'counting' }, { countedUntil: until });
  }

  /** What was counted so far; nothing where somebody else was done first. */
  async recordImpact(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    impact: readonly CountedDataset[],
    done: { readonly digest: string } | undefined,
  ): Promise<void> {
    const next = done === undefined ? {} : { state: 'ready' as const, digest: done.digest };
    await tx
      .createQueryBuilder()
      .update(PolicyPlanRow)
      .set({ impact: () => ':impact', ...next })
      .where('tenant_id = :tenant and id = :id and state = :counting', { tenant, id, counting: 'counting' })
      .setParameter('impact', JSON.stringify(impact))
      .execute();
  }

  /** False when somebody approved it already. */
  async approve(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    approval: { readonly approvedBy: string; readonly approvalReason: string; readonly approvedAt: Date },
  ): Promise<boolean> {
    const result = await tx
      .createQueryBuilder()
      .update(PolicyPlanRow)
      .set(approval)
      .where('tenant_id = :tenant and id = :id and approved_by is null', { tenant, id })
      .execute();
    return result.affected === 1;
  }

  async markApplied(tx: EntityManager, tenant: TenantId, id: string, version: number): Promise<void> {
    await tx.update(PolicyPlanRow, { tenantId: tenant, id }, { state: 'applied', version });
  }

  /** Plans that were never applied are of no use once they have expired. */
  async forgetExpired(tx: EntityManager, tenant: TenantId, now: Date): Promise<void> {
    await tx.delete(PolicyPlanRow, {
      tenantId: tenant,
      state: Not('applied'),
      expiresAt: LessThanOrEqual(now),
    });
  }

  async countOpen(tx: EntityManager, tenant: TenantId): Promise<number> {
    return tx.countBy(PolicyPlanRow, { tenantId: tenant, state: Not('applied') });
  }

  /** With plans to be counted that no living worker counts. */
  async tenantsWithCounting(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from policy_plans
        where state = 'counting' and (counted_until is null or counted_until <= $1)`,
      [now],
    );
    return rows.map((row) => row.tenant_id);
  }
}

function read(row: PolicyPlanRow): PolicyPlan {
  const { id, state, base, document, files, findings, impact, world, digest, effectiveAt, actor } = row;
  const { createdAt, expiresAt, approvedBy, approvalReason, approvedAt, version } = row;
  const made = {
    id,
    state,
    base,
    files,
    findings,
    impact,
    world,
    digest,
    effectiveAt,
    actor,
    createdAt,
    expiresAt,
  };
  return { ...made, approvedBy, approvalReason, approvedAt, version, policy: policySchema.parse(document) };
}
