import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { rowsBefore, type MappedDataset } from '#connector-kit';
import {
  currentParts,
  FindHolds,
  ObligationsRepository,
  PlanSweep,
  type HeldSweep,
  type Obligation,
} from '#enforcement';
import { DependencyError, type Clock, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { deadlineOf, ReadPolicy } from '#policy';
import { datasetBy, OpenStore, StoresRepository, type RegisteredStore } from '#stores';
import { SweepsRepository, type Sweep, type SweepProgress } from './sweeps.repository.js';

/** What a sweep would remove, and which hold keeps more from it. */
type CountedSweep = Pick<Sweep, 'expected' | 'error' | 'holdId'>;

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
    const links = await this.obligations.ofCauses(tx, tenant, causes);
    const parts = new Map(currentParts(links).map((part) => [part.causeId, part]));
    const entries = [];
    for (const sweep of sweeps) {
      const end = endOf(sweep, parts.get(sweep.id));
      await this.repository.advance(tx, tenant, sweep, end, now);
      const { state, expected, effected, holdId } = end;
      const held = holdId === null ? {} : { hold: holdId };
      entries.push({
        kind: 'sweep.settled' as const,
        data: { sweep: sweep.id, state, expected, effected, ...held },
      });
    }
    await this.obligations.closeCauses(tx, tenant, causes, now);
    await this.appendEntries.execute(tx, tenant, entries);
    return causes.length;
  }
}

/** How a sweep ends, from how its obligation and its successors did. */
function endOf({ expected }: Sweep, part: Obligation | undefined): SweepProgress {
  if (part === undefined) return { state: 'failed', expected, effected: 0, error: null, holdId: null };
  const { outcome, rows: effected, error, holdId } = part;
  return { state: outcome === 'failed' ? 'failed' : 'finished', expected, effected, error, holdId };
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
    counted: CountedSweep,
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

/** Counts what a requested sweep would remove: as it will, without what holds keep. */
@Injectable()
export class CountSweep {
  constructor(
    private readonly transactions: Transactions,
    private readonly openStore: OpenStore,
    private readonly findHolds: FindHolds,
  ) {}

  async execute(
    tenant: TenantId,
    sweep: Sweep,
    store: RegisteredStore | undefined,
    signal: AbortSignal,
  ): Promise<CountedSweep> {
    const dataset = store?.datasets.find(({ name }) => name === sweep.dataset);
    if (store === undefined || dataset === undefined)
      return { expected: null, error: 'store.unknown', holdId: null };
    const held = await this.heldOf(tenant, sweep, store);
    if (held === undefined) return this.count(tenant, sweep, { store, dataset }, signal);
    const holdId = held.heldBy.hold;
    if (held.whole) return { expected: 0, error: null, holdId };
    const { cutOff, except } = held;
    return this.count(tenant, { ...sweep, cutOff, holdId }, { store, dataset, except }, signal);
  }

  private async count(
    tenant: TenantId,
    { moment, cutOff, onlyPurposes, holdId }: Sweep,
    place: {
      readonly store: RegisteredStore;
      readonly dataset: MappedDataset;
      readonly except?: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<CountedSweep> {
    const { store, dataset, except } = place;
    try {
      const connector = await this.openStore.execute(tenant, store);
      const groups = await connector.countAges(datasetBy(dataset, moment), [cutOff], signal, except);
      return { expected: rowsBefore(groups, onlyPurposes), error: null, holdId };
    } catch (error) {
      if (error instanceof DependencyError) return { expected: null, error: error.code, holdId };
      throw error;
    }
  }

  private async heldOf(
    tenant: TenantId,
    sweep: Sweep,
    store: RegisteredStore,
  ): Promise<HeldSweep | undefined> {
    const { dataset, moment, onlyPurposes, cutOff } = sweep;
    return this.transactions.run(tenant, async (tx) => {
      const holds = (await this.findHolds.inForce(tx, [tenant])).get(tenant) ?? [];
      return this.findHolds.ofSweep(tx, tenant, holds, { store, dataset, moment, onlyPurposes, cutOff });
    });
  }
}

/** Counts what requested sweeps would remove; a dry run ends there, the others become obligations. */
@Injectable()
export class RunSweeps {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SweepsRepository,
    private readonly stores: StoresRepository,
    private readonly countSweep: CountSweep,
    private readonly startSweep: StartSweep,
  ) {}

  async execute(tenant: TenantId, signal: AbortSignal): Promise<void> {
    const { sweeps, stores } = await this.transactions.run(tenant, async (tx) => ({
      sweeps: await this.repository.requested(tx, tenant),
      stores: await this.stores.all(tx, tenant),
    }));
    for (const sweep of sweeps) {
      const store = stores.find(({ id }) => id === sweep.storeId);
      const counted = await this.countSweep.execute(tenant, sweep, store, signal);
      await this.startSweep.execute(tenant, sweep, store, counted);
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
