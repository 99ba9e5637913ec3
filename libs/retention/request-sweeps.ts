import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, isUuid, type IdSource, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { IDS } from '#platform/runtime';
import { cutOff, type SweepStep } from '#policy';
import { ReadGovernance, type RegisteredStore } from '#stores';
import { runSweepsJob } from './jobs.js';
import { SweepsRepository, type Sweep } from './sweeps.repository.js';

/** What the retention rules in force remove from one dataset. */
interface DueSweep {
  readonly store: RegisteredStore;
  readonly dataset: string;
  readonly step: SweepStep;
}

/** The sweeps that the policy in force asks for. */
@Injectable()
export class ReadDueSweeps {
  constructor(private readonly governance: ReadGovernance) {}

  /** Throws DomainError conflict `retention.no_rules` when it asks for none. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{ readonly version: number; readonly due: readonly DueSweep[] }> {
    const { version, stores, world } = await this.governance.execute(tx, tenant);
    const due = stores.flatMap((store) =>
      store.datasets.flatMap(({ name: dataset }) =>
        (world.datasets.get(`${store.name}/${dataset}`)?.steps ?? []).map((step) => ({
          store,
          dataset,
          step,
        })),
      ),
    );
    if (due.length === 0)
      throw new DomainError(
        'conflict',
        'retention.no_rules',
        'no retention rule removes anything that is registered',
      );
    return { version, due };
  }
}

/** Starts a run of every retention rule in force, one sweep for each; a dry run counts and touches nothing. */
@Injectable()
export class RequestSweeps {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SweepsRepository,
    private readonly dueSweeps: ReadDueSweeps,
    private readonly outbox: Outbox,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** All sweeps of a run share one moment, so that a dry run and the run after it can be compared with `at`. */
  async execute(caller: Caller, input: { readonly dryRun: boolean; readonly at: Date }): Promise<string> {
    const { tenant } = caller;
    const runId = this.ids.next();
    await this.transactions.run(tenant, async (tx) => {
      const { version, due } = await this.dueSweeps.execute(tx, tenant);
      for (const { store } of due) caller.must('create', 'Sweep', { store: store.name });
      const sweeps = due.map(({ store, dataset, step }): Sweep => ({
        id: this.ids.next(),
        runId,
        rule: step.rule,
        policyVersion: version,
        storeId: store.id,
        dataset,
        moment: step.from,
        onlyPurposes: step.onlyPurposes,
        cutOff: cutOff(input.at, step.keep),
        dryRun: input.dryRun,
        state: 'requested',
        expected: null,
        effected: null,
        error: null,
        holdId: null,
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
