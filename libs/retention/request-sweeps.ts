import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { keptOn } from '#enforcement';
import { DomainError, isUuid, type IdSource, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { IDS } from '#platform/runtime';
import { cutOff, ReadPolicy, type RetentionRule } from '#policy';
import { StoresRepository, type RegisteredStore } from '#stores';
import { runSweepsJob } from './jobs.js';
import { SweepsRepository, type Sweep } from './sweeps.repository.js';

/** The retention rules in force, each with the store it names. */
@Injectable()
export class ReadRetentionRules {
  constructor(
    private readonly readPolicy: ReadPolicy,
    private readonly stores: StoresRepository,
  ) {}

  /** Throws DomainError conflict when there is no rule, or one names a dataset that is not registered. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{
    readonly version: number;
    readonly rules: readonly {
      readonly name: string;
      readonly rule: RetentionRule;
      readonly store: RegisteredStore;
    }[];
  }> {
    const { version, policy } = await this.readPolicy.current(tx, tenant);
    const stores = await this.stores.all(tx, tenant);
    const rules = Object.entries(policy.retention).map(([name, rule]) => {
      const store = stores.find((one) => one.name === rule.store);
      const dataset = store?.datasets.find((one) => one.name === rule.dataset);
      if (store === undefined || dataset === undefined) throw refusal(name, rule, 'which is not registered');
      if (keptOn(dataset) !== null) throw refusal(name, rule, 'which the data map keeps on a legal basis');
      return { name, rule, store };
    });
    if (rules.length === 0)
      throw new DomainError('conflict', 'retention.no_rules', 'the policy has no retention rules');
    return { version, rules };
  }
}

/** Starts a run of every retention rule in force, one sweep for each; a dry run counts and touches nothing. */
@Injectable()
export class RequestSweeps {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SweepsRepository,
    private readonly rules: ReadRetentionRules,
    private readonly outbox: Outbox,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** All sweeps of a run share one moment, so that a dry run and the run after it can be compared with `at`. */
  async execute(caller: Caller, input: { readonly dryRun: boolean; readonly at: Date }): Promise<string> {
    const { tenant } = caller;
    const runId = this.ids.next();
    await this.transactions.run(tenant, async (tx) => {
      const { version, rules } = await this.rules.execute(tx, tenant);
      for (const { store } of rules) caller.must('create', 'Sweep', { store: store.name });
      const sweeps = rules.map(({ name, rule, store }): Sweep => ({
        id: this.ids.next(),
        runId,
        rule: name,
        policyVersion: version,
        storeId: store.id,
        dataset: rule.dataset,
        cutOff: cutOff(input.at, rule.keep),
        dryRun: input.dryRun,
        state: 'requested',
        expected: null,
        effected: null,
        error: null,
      }));
      await this.repository.insert(tx, tenant, sweeps, input.at);
      await this.outbox.add(tx, [runSweepsJob.bell({ tenantId: tenant })]);
    });
    return runId;
  }

  /** Throws DomainError not_found `sweep.unknown`. */
  async find(caller: Caller, runId: string): Promise<readonly Sweep[]> {
    const { tenant } = caller;
    const visible = caller.filter('read', 'Sweep');
    const sweeps = isUuid(runId)
      ? await this.transactions.run(tenant, (tx) => this.repository.ofRun(tx, tenant, visible, runId))
      : [];
    if (sweeps.length === 0) throw new DomainError('not_found', 'sweep.unknown', 'no run has this id');
    return sweeps;
  }
}

function refusal(name: string, rule: RetentionRule, why: string): DomainError {
  const sentence = `retention rule ${name} names ${rule.store}/${rule.dataset}, ${why}`;
  return new DomainError('conflict', 'retention.unusable_rule', sentence, { pointer: `/retention/${name}` });
}
