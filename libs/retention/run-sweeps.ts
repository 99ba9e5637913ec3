import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { rowsBefore } from '#connector-kit';
import { ObligationsRepository, PlanSweep } from '#enforcement';
import { DependencyError, type Clock, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { deadlineOf, ReadPolicy } from '#policy';
import { datasetBy, OpenStore, StoresRepository, type RegisteredStore } from '#stores';
import { SweepsRepository, type Sweep } from './sweeps.repository.js';

/** The ledger's side of a sweep, and its end. */
@Injectable()
export class RecordSweep {
  constructor(
    private readonly repository: SweepsRepository,
    private readonly obligations: ObligationsRepository,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  async planned(tx: EntityManager, tenant: TenantId, sweep: Sweep, expected: number | null): Promise<void> {
    const { id, rule, dataset, moment, onlyPurposes, cutOff, policyVersion } = sweep;
    const data = {
      sweep: id,
      rule,
      dataset,
      moment,
      onlyPurposes,
      cutOff: cutOff.toISOString(),
      expected,
      policyVersion,
    };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'sweep.planned', data }]);
  }

  /** Closes sweeps whose obligations are settled, with the rows they removed. */
  async settle(tx: EntityManager, tenant: TenantId): Promise<number> {
    const causes = await this.obligations.settledCauses(tx, tenant, 'sweep', 500);
    if (causes.length === 0) return 0;
    const now = this.now();
    const sweeps = await this.repository.byIds(tx, tenant, causes);
    const parts = new Map(
      (await this.obligations.ofCauses(tx, tenant, causes)).map((part) => [part.causeId, part]),
    );
    const entries = [];
    for (const sweep of sweeps) {
      const part = parts.get(sweep.id);
      const state = part?.outcome === 'failed' || part === undefined ? 'failed' : 'finished';
      const effected = part?.rows ?? 0;
      await this.repository.advance(
        tx,
        tenant,
        sweep,
        { state, expected: sweep.expected, effected, error: part?.error ?? null },
        now,
      );
      entries.push({
        kind: 'sweep.settled' as const,
        data: { sweep: sweep.id, state, expected: sweep.expected, effected },
      });
    }
    await this.obligations.closeCauses(tx, tenant, causes, now);
    await this.appendEntries.execute(tx, tenant, entries);
    return causes.length;
  }
}

/** Moves a counted sweep on: finished when dry, failed when it could not be counted, otherwise planned. */
@Injectable()
export class StartSweep {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SweepsRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly planSweep: PlanSweep,
    private readonly recordSweep: RecordSweep,
  ) {}

  async execute(
    tenant: TenantId,
    sweep: Sweep,
    store: RegisteredStore | undefined,
    counted: { readonly expected: number | null; readonly error: string | null },
  ): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      const now = this.recordSweep.now();
      if (store === undefined || counted.error !== null || sweep.dryRun) {
        const state = counted.error === null ? 'finished' : 'failed';
        await this.repository.advance(tx, tenant, sweep, { ...counted, state, effected: null }, now);
        return;
      }
      if (
        !(await this.repository.advance(
          tx,
          tenant,
          sweep,
          { ...counted, state: 'running', effected: null },
          null,
        ))
      )
        return;
      const { policy } = await this.readPolicy.current(tx, tenant);
      const deadline = deadlineOf(policy, now).at;
      const { id, dataset, moment, onlyPurposes, cutOff, policyVersion } = sweep;
      await this.planSweep.execute(tx, tenant, {
        id,
        store,
        dataset,
        moment,
        onlyPurposes,
        cutOff,
        deadline,
        policyVersion,
      });
      await this.recordSweep.planned(tx, tenant, sweep, counted.expected);
    });
  }
}

/** Counts what a requested sweep would remove; a dry run ends there, the others become obligations. */
@Injectable()
export class RunSweeps {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SweepsRepository,
    private readonly stores: StoresRepository,
    private readonly openStore: OpenStore,
    private readonly startSweep: StartSweep,
  ) {}

  async execute(tenant: TenantId, signal: AbortSignal): Promise<void> {
    const { sweeps, stores } = await this.transactions.run(tenant, async (tx) => ({
      sweeps: await this.repository.requested(tx, tenant),
      stores: await this.stores.all(tx, tenant),
    }));
    for (const sweep of sweeps) {
      const store = stores.find(({ id }) => id === sweep.storeId);
      await this.startSweep.execute(tenant, sweep, store, await this.count(tenant, sweep, store, signal));
    }
  }

  private async count(
    tenant: TenantId,
    sweep: Sweep,
    store: RegisteredStore | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly expected: number | null; readonly error: string | null }> {
    const dataset = store?.datasets.find(({ name }) => name === sweep.dataset);
    if (store === undefined || dataset === undefined) return { expected: null, error: 'store.unknown' };
    try {
      const connector = await this.openStore.execute(tenant, store);
      const by = datasetBy(dataset, sweep.moment);
      const groups = await connector.countAges(by, [sweep.cutOff], signal);
      return { expected: rowsBefore(groups, sweep.onlyPurposes), error: null };
    } catch (error) {
      if (error instanceof DependencyError) return { expected: null, error: error.code };
      throw error;
    }
  }
}

/** Closes what has settled, in transactions of its own. */
@Injectable()
export class SettleSweeps {
  constructor(
    private readonly transactions: Transactions,
    private readonly recordSweep: RecordSweep,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    while ((await this.transactions.run(tenant, (tx) => this.recordSweep.settle(tx, tenant))) > 0);
  }
}
