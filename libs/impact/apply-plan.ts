import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, isUuid, type Clock, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { ApplyPolicy, PoliciesRepository } from '#policy';
import { StoresRepository } from '#stores';
import { breaches } from './domain/breaches.js';
import { digestOfWorld, type PolicyPlan, type Scruples } from './plan.js';
import { PlansRepository } from './plans.repository.js';

/** What makes a plan need a second person; nothing before it was counted. */
export function scruplesOf({ state, findings, impact }: PolicyPlan): Scruples {
  if (state === 'counting' || state === 'refused') return { breaches: [], uncounted: [] };
  const counted = impact.flatMap(({ store, dataset, counted: of }) =>
    of === null ? [] : [{ store, dataset, ...of }],
  );
  return {
    breaches: breaches(findings.limits, counted),
    uncounted: impact.flatMap(({ store, dataset, counted: of }) =>
      of === null ? [`${store}/${dataset}`] : [],
    ),
  };
}

export function needsApproval(plan: PolicyPlan): boolean {
  const { breaches: broken, uncounted } = scruplesOf(plan);
  return broken.length > 0 || uncounted.length > 0;
}

/** Finds plans. */
@Injectable()
export class ReadPlans {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PlansRepository,
    private readonly policies: PoliciesRepository,
  ) {}

  /** Throws DomainError not_found `policy.unknown_plan`. */
  async execute(caller: Caller, id: string): Promise<PolicyPlan> {
    caller.must('read', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, (tx) => this.find(tx, tenant, id));
  }

  /** While nobody else changes the policy, or registers what it has to cover. */
  async locked(tx: EntityManager, tenant: TenantId, id: string): Promise<PolicyPlan> {
    await this.policies.lock(tx, tenant);
    return this.find(tx, tenant, id);
  }

  private async find(tx: EntityManager, tenant: TenantId, id: string): Promise<PolicyPlan> {
    const plan = isUuid(id) ? await this.repository.find(tx, tenant, id) : undefined;
    if (plan === undefined) throw new DomainError('not_found', 'policy.unknown_plan', 'no plan has this id');
    return plan;
  }
}

/** A second person's yes to a plan that would remove more than the policy in force allows, or nobody knows how much. */
@Injectable()
export class ApprovePlan {
  constructor(
    private readonly transactions: Transactions,
    private readonly readPlans: ReadPlans,
    private readonly repository: PlansRepository,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws DomainError conflict when there is nothing to approve, forbidden `policy.four_eyes` for who made the plan. */
  async execute(caller: Caller, id: string, reason: string): Promise<PolicyPlan> {
    caller.must('update', 'Policy', {});
    const { tenant, principal } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const plan = await this.readPlans.locked(tx, tenant, id);
      const now = this.clock.now();
      requireOpen(plan, now);
      if (!needsApproval(plan))
        throw new DomainError('conflict', 'policy.needs_no_approval', 'this plan needs no approval');
      if (plan.actor === principal.actor)
        throw new DomainError('forbidden', 'policy.four_eyes', 'who made a plan cannot approve it');
      const approval = { approvedBy: principal.actor, approvalReason: reason, approvedAt: now };
      if (!(await this.repository.approve(tx, tenant, id, approval)))
        throw new DomainError('conflict', 'policy.approved', 'this plan is approved already');
      const data = { plan: plan.digest };
      await this.appendEntries.execute(tx, tenant, [{ kind: 'policy.approved', data }]);
      return { ...plan, ...approval };
    });
  }
}

/** Whether what a plan was made for is still so. */
@Injectable()
export class RequireUnchanged {
  constructor(
    private readonly policies: PoliciesRepository,
    private readonly stores: StoresRepository,
  ) {}

  /** Throws DomainError conflict `policy.plan_stale`. */
  async execute(tx: EntityManager, tenant: TenantId, plan: PolicyPlan): Promise<void> {
    const latest = (await this.policies.latest(tx, tenant))?.version ?? null;
    if (latest !== plan.base) throw stale(`version ${latest ?? 0} was applied since it was made`);
    if (digestOfWorld(await this.stores.all(tx, tenant)) !== plan.world)
      throw stale('the data map changed since it was made');
  }
}

/** Puts a planned policy in force: exactly the plan that was shown, and only while nothing has changed since. */
@Injectable()
export class ApplyPlan {
  constructor(
    private readonly transactions: Transactions,
    private readonly readPlans: ReadPlans,
    private readonly repository: PlansRepository,
    private readonly requireUnchanged: RequireUnchanged,
    private readonly applyPolicy: ApplyPolicy,
  ) {}

  /** Applying the same plan again answers the same version. Throws DomainError conflict and says why it does not apply. */
  async execute(
    caller: Caller,
    id: string,
    digest: string,
    now: Date,
  ): Promise<{ readonly version: number; readonly effectiveAt: Date | null }> {
    caller.must('update', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const plan = await this.readPlans.locked(tx, tenant, id);
      if (plan.digest !== null && plan.digest !== digest)
        throw new DomainError(
          'conflict',
          'policy.plan_differs',
          'this is not the digest of the plan: look at it again',
        );
      if (plan.version !== null) return { version: plan.version, effectiveAt: plan.effectiveAt };
      requireOpen(plan, now);
      await this.requireUnchanged.execute(tx, tenant, plan);
      if (needsApproval(plan) && plan.approvedBy === null)
        throw new DomainError(
          'conflict',
          'policy.approval_needed',
          'a second person has to approve this plan first',
        );
      const { policy, files, effectiveAt } = plan;
      const applied = await this.applyPolicy.execute(tx, caller, {
        policy,
        files,
        effectiveAt,
        planDigest: digest,
      });
      await this.repository.markApplied(tx, tenant, id, applied.version);
      return applied;
    });
  }
}

function requireOpen({ state, expiresAt }: PolicyPlan, now: Date): void {
  if (state === 'refused')
    throw new DomainError(
      'conflict',
      'policy.plan_refused',
      'this plan contradicts itself or leaves fields without a rule',
    );
  if (state === 'counting')
    throw new DomainError('conflict', 'policy.plan_counting', 'this plan is still being counted: ask again');
  if (state === 'applied')
    throw new DomainError('conflict', 'policy.plan_applied', 'this plan is applied already');
  if (expiresAt <= now)
    throw new DomainError('conflict', 'policy.plan_expired', 'this plan has expired: make it anew');
}

function stale(why: string): DomainError {
  return new DomainError('conflict', 'policy.plan_stale', `${why}: plan again`);
}
