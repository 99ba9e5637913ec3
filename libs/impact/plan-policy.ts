import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type Clock, type IdSource, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import {
  composePolicy,
  diffPolicies,
  govern,
  PoliciesRepository,
  readPacks,
  type ComposedPolicy,
  type Policy,
  type PolicyFile,
  type StoredPolicy,
} from '#policy';
import { governed, StoresRepository, type RegisteredStore } from '#stores';
import { countPlansJob } from './jobs.js';
import { digestOfPlan, digestOfWorld, type CountedDataset, type Findings, type PolicyPlan } from './plan.js';
import { PlansRepository } from './plans.repository.js';

/** What is to be planned: files, or a version of before. */
export interface PlanInput {
  readonly files?: readonly PolicyFile[];
  readonly version?: number;
  /** When it is to take effect; absent: as soon as it is applied. */
  readonly effectiveAt?: Date;
}

type Proposed = Omit<ComposedPolicy, 'origins'> & {
  readonly files: readonly PolicyFile[];
  readonly origins: ComposedPolicy['origins'];
};

const lifetime = 24 * 60 * 60 * 1_000;
const mostOpen = 100;

/** Keeps plans and tells the workers. */
@Injectable()
export class WritePlan {
  constructor(
    private readonly repository: PlansRepository,
    private readonly outbox: Outbox,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  nextId(): string {
    return this.ids.next();
  }

  /** Throws DomainError limited `policy.too_many_plans`. */
  async execute(tx: EntityManager, tenant: TenantId, plan: PolicyPlan): Promise<void> {
    await this.repository.forgetExpired(tx, tenant, plan.createdAt);
    if ((await this.repository.countOpen(tx, tenant)) >= mostOpen)
      throw new DomainError('limited', 'policy.too_many_plans', `there are ${mostOpen} open plans`);
    await this.repository.insert(tx, tenant, plan);
    if (plan.state === 'counting') await this.outbox.add(tx, [countPlansJob.bell({ tenantId: tenant })]);
  }
}

/** Says what a policy would change, before anything does. */
@Injectable()
export class PlanPolicy {
  constructor(
    private readonly transactions: Transactions,
    private readonly policies: PoliciesRepository,
    private readonly stores: StoresRepository,
    private readonly writePlan: WritePlan,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Throws DomainError invalid `policy.invalid` with file, line and path of every fault. A plan that contradicts itself or
   * leaves a field without a rule is kept as `refused`, so that its author can read why.
   */
  async execute(caller: Caller, input: PlanInput): Promise<PolicyPlan> {
    caller.must('update', 'Policy', {});
    const { tenant } = caller;
    const now = this.clock.now();
    const effectiveAt = input.effectiveAt ?? null;
    if (effectiveAt !== null && effectiveAt <= now)
      throw new DomainError(
        'invalid',
        'policy.effective_in_the_past',
        'a policy cannot take effect in the past',
        {
          pointer: '/effectiveAt',
        },
      );
    const composed = input.files === undefined ? undefined : compose(input.files);
    return this.transactions.run(tenant, async (tx) => {
      const proposed = composed ?? (await this.ofVersion(tx, tenant, input.version));
      const latest = await this.policies.latest(tx, tenant);
      const stores = await this.stores.all(tx, tenant);
      const plan = this.plan(caller, { proposed, latest, stores }, { now, effectiveAt });
      await this.writePlan.execute(tx, tenant, plan);
      return plan;
    });
  }

  private async ofVersion(
    tx: EntityManager,
    tenant: TenantId,
    version: number | undefined,
  ): Promise<Proposed> {
    const found = version === undefined ? undefined : await this.policies.version(tx, tenant, version);
    if (found === undefined)
      throw new DomainError('invalid', 'policy.unknown_version', 'there is no policy of this version', {
        pointer: '/version',
      });
    return { policy: found.policy, files: found.files, origins: new Map(), replaced: [] };
  }

  private plan(
    { principal }: Caller,
    given: {
      readonly proposed: Proposed;
      readonly latest: StoredPolicy | undefined;
      readonly stores: readonly RegisteredStore[];
    },
    { now, effectiveAt }: { readonly now: Date; readonly effectiveAt: Date | null },
  ): PolicyPlan {
    const { proposed, latest, stores } = given;
    const { policy, files } = proposed;
    const world = govern(policy, stores.map(governed), effectiveAt ?? now);
    const findings: Findings = {
      changes: changesOf(latest?.policy, proposed),
      replaced: proposed.replaced,
      fields: world.fields.length,
      uncovered: world.uncovered,
      conflicts: world.conflicts,
      unenforced: world.unenforced,
      limits: (latest ?? proposed).policy.limits,
    };
    const refused = world.conflicts.length > 0 || world.uncovered.length > 0;
    const impact = refused ? [] : toCount(stores, world.datasets);
    const draft = {
      id: this.writePlan.nextId(),
      base: latest?.version ?? null,
      policy,
      files,
      findings,
      impact,
      world: digestOfWorld(stores),
      effectiveAt,
      actor: principal.actor,
      createdAt: now,
      expiresAt: new Date(now.getTime() + lifetime),
      approvedBy: null,
      approvalReason: null,
      approvedAt: null,
      version: null,
    };
    if (refused) return { ...draft, state: 'refused', digest: null };
    return impact.length > 0
      ? { ...draft, state: 'counting', digest: null }
      : { ...draft, state: 'ready', digest: digestOfPlan(draft) };
  }
}

function compose(files: readonly PolicyFile[]): Proposed {
  return { ...composePolicy(files, readPacks()), files };
}

function changesOf(before: Policy | undefined, { policy, origins }: Proposed): Findings['changes'] {
  return diffPolicies(before, policy).map((change) => ({
    ...change,
    origin: origins.get(`${change.section}/${change.name}`) ?? null,
  }));
}

/** The datasets that a sweep of the new policy would go through. */
function toCount(
  stores: readonly RegisteredStore[],
  governances: ReadonlyMap<string, { readonly steps: readonly unknown[] }>,
): readonly CountedDataset[] {
  return stores.flatMap(({ name: store, datasets }) =>
    datasets
      .filter(({ name }) => (governances.get(`${store}/${name}`)?.steps.length ?? 0) > 0)
      .map(({ name: dataset, fields }) => ({ store, dataset, fields, counted: null, error: null })),
  );
}
