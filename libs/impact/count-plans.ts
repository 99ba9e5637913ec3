import { Inject, Injectable } from '@nestjs/common';
import { DependencyError, type Clock, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { cutOff, govern, PoliciesRepository, type GovernedWorld, type SweepStep } from '#policy';
import { datasetBy, governed, OpenStore, ServedStores, type RegisteredStore } from '#stores';
import { cutOffsOf, impactOf, type Counted, type DatasetImpact, type DatedStep } from './domain/impact.js';
import { digestOfPlan, type CountedDataset, type PolicyPlan } from './plan.js';
import { PlansRepository } from './plans.repository.js';

const longest = 600_000;
const claimed = 30_000;
const heartbeat = 10_000;

/** Counts one dataset by age, for the steps of two policies at once. */
@Injectable()
export class CountDataset {
  constructor(private readonly openStore: OpenStore) {}

  /** Throws DependencyError when the store does not answer. */
  async execute(
    tenant: TenantId,
    store: RegisteredStore,
    name: string,
    steps: readonly DatedStep[],
    signal: AbortSignal,
  ): Promise<Counted> {
    const dataset = store.datasets.find((one) => one.name === name);
    if (dataset === undefined)
      throw new DependencyError('invalid_config', 'the dataset is no longer registered');
    const connector = await this.openStore.execute(tenant, store);
    const counted = new Map<
      string,
      { cutOffs: readonly Date[]; groups: Awaited<ReturnType<typeof connector.countAges>> }
    >();
    for (const [moment, cutOffs] of cutOffsOf(steps)) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
      const groups = await connector.countAges(datasetBy(dataset, moment), cutOffs, within);
      counted.set(moment, { cutOffs, groups });
    }
    return counted;
  }
}

/** Keeps other workers from counting what this one counts, as long as it is alive. */
@Injectable()
export class Claims {
  constructor(
    private readonly transactions: Transactions,
    private readonly plans: PlansRepository,
    private readonly served: ServedStores,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Plans that nobody else counts, and the stores to count them in. */
  async take(
    tenant: TenantId,
  ): Promise<{ readonly plans: readonly PolicyPlan[]; readonly stores: readonly RegisteredStore[] }> {
    return this.transactions.run(tenant, async (tx) => ({
      plans: await this.plans.claim(tx, tenant, this.clock.now(), this.until()),
      stores: await this.served.all(tx, tenant),
    }));
  }

  /** A claim that cannot be renewed ends by itself: counting twice does no harm. */
  async renew(tenant: TenantId, plans: readonly PolicyPlan[]): Promise<void> {
    try {
      for (const { id } of plans)
        await this.transactions.run(tenant, (tx) => this.plans.renew(tx, tenant, id, this.until()));
    } catch {
      return;
    }
  }

  /** Of these, what is left is for others. Throws Elsewhere. */
  async passOn(
    tenant: TenantId,
    plans: readonly PolicyPlan[],
    stores: readonly RegisteredStore[],
  ): Promise<void> {
    const now = this.clock.now();
    for (const { id } of plans)
      await this.transactions.run(tenant, (tx) => this.plans.renew(tx, tenant, id, now));
    this.served.requireAll(stores);
  }

  serves(store: RegisteredStore): boolean {
    return this.served.serves(store);
  }

  private until(): Date {
    return new Date(this.clock.now().getTime() + claimed);
  }
}

/** Counts, in the stores, what planned policies would remove. Counting changes nothing, so doing it twice does no harm. */
@Injectable()
export class CountPlans {
  constructor(
    private readonly transactions: Transactions,
    private readonly plans: PlansRepository,
    private readonly policies: PoliciesRepository,
    private readonly countDataset: CountDataset,
    private readonly claims: Claims,
  ) {}

  /** Throws Elsewhere when stores of other regions are left. */
  async execute(tenant: TenantId, signal: AbortSignal): Promise<void> {
    const { plans, stores } = await this.claims.take(tenant);
    const beat = setInterval(() => {
      void this.claims.renew(tenant, plans);
    }, heartbeat);
    try {
      for (const plan of plans) await this.count(tenant, plan, stores, signal);
    } finally {
      clearInterval(beat);
    }
    const uncounted = plans.flatMap(({ impact }) =>
      impact.filter(({ counted, error }) => counted === null && error === null),
    );
    const names = new Set(uncounted.map(({ store }) => store));
    const left = stores.filter((store) => names.has(store.name) && !this.claims.serves(store));
    if (left.length > 0) await this.claims.passOn(tenant, plans, left);
  }

  private async count(
    tenant: TenantId,
    plan: PolicyPlan,
    stores: readonly RegisteredStore[],
    signal: AbortSignal,
  ): Promise<void> {
    const on = plan.effectiveAt ?? plan.createdAt;
    const { base } = plan;
    const before =
      base === null
        ? undefined
        : await this.transactions.run(tenant, (tx) => this.policies.version(tx, tenant, base));
    const seen = stores.map(governed);
    const was = before === undefined ? undefined : govern(before.policy, seen, on);
    const is = govern(plan.policy, seen, on);
    const impact = [...plan.impact];
    for (const [index, one] of impact.entries()) {
      const store = stores.find(({ name }) => name === one.store);
      if (one.counted !== null || one.error !== null || (store && !this.claims.serves(store))) continue;
      signal.throwIfAborted();
      const steps = { before: stepsOf(was, one, on), after: stepsOf(is, one, on) };
      impact[index] = { ...one, ...(await this.attempt(tenant, plan, { one, stores, steps }, signal)) };
      await this.record(tenant, plan, impact);
    }
  }

  /** With the last dataset the plan is ready, in the same statement. */
  private async record(tenant: TenantId, plan: PolicyPlan, impact: readonly CountedDataset[]): Promise<void> {
    const isDone = impact.every(({ counted, error }) => counted !== null || error !== null);
    const done = isDone ? { digest: digestOfPlan({ ...plan, impact }) } : undefined;
    await this.transactions.run(tenant, (tx) => this.plans.recordImpact(tx, tenant, plan.id, impact, done));
  }

  private async attempt(
    tenant: TenantId,
    plan: PolicyPlan,
    given: {
      readonly one: CountedDataset;
      readonly stores: readonly RegisteredStore[];
      readonly steps: { readonly before: readonly DatedStep[]; readonly after: readonly DatedStep[] };
    },
    signal: AbortSignal,
  ): Promise<{ readonly counted: DatasetImpact | null; readonly error: string | null }> {
    const { one, stores, steps } = given;
    const store = stores.find(({ name }) => name === one.store);
    if (store === undefined) return { counted: null, error: 'invalid_config' };
    try {
      const all = [...steps.before, ...steps.after];
      const counted = await this.countDataset.execute(tenant, store, one.dataset, all, signal);
      return { counted: impactOf(steps.before, steps.after, counted, plan.policy), error: null };
    } catch (error) {
      if (error instanceof DependencyError) return { counted: null, error: error.code };
      throw error;
    }
  }
}

function stepsOf(
  world: GovernedWorld | undefined,
  { store, dataset }: CountedDataset,
  on: Date,
): readonly DatedStep[] {
  const steps: readonly SweepStep[] = world?.datasets.get(`${store}/${dataset}`)?.steps ?? [];
  return steps.map((step) => ({ ...step, cutOff: cutOff(on, step.keep) }));
}
