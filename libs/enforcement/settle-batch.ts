import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, StoreId, TenantId } from '#kernel';
import { AppendEntries, isLogClosed } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { Outbox, type Bell } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { StoresRepository } from '#stores';
import { Succeed } from './holds/succeed.js';
import { datasetName } from './domain/plan.js';
import { compactionDelayMilliseconds } from './compaction/record-compaction.js';
import { requestsSettledJob, sweepsSettledJob, wakeLaneJob } from './jobs.js';
import { LanesRepository, type Lease } from './lanes.repository.js';
import { endedBy, type Settlement } from './obligation.js';
import { ObligationsRepository } from './obligations.repository.js';
import { settledEntry } from './settled-entry.js';
import type { Batch } from './take-batch.js';
import { WriteOutcomes } from './write-outcomes.js';

/** What settled work means for others: derived data, causes, compaction, the ledger. */
@Injectable()
export class RecordOutcomes {
  constructor(
    private readonly obligations: ObligationsRepository,
    private readonly stores: StoresRepository,
    private readonly outbox: Outbox,
    private readonly appendEntries: AppendEntries,
    private readonly succeed: Succeed,
  ) {}

  async execute(
    tx: EntityManager,
    lease: Lease,
    batch: Batch,
    settlements: readonly Settlement[],
    now: Date,
  ): Promise<void> {
    const settled = settlements.filter(({ outcome }) => outcome !== null);
    if (settled.length === 0) return;
    const names = datasetNames(batch);
    const sources = settled.map(({ obligation: { tenant, causeId, subjectRef, id } }) => ({
      tenant,
      causeId,
      subjectRef,
      dataset: names.get(id) ?? '',
    }));
    await this.succeed.ofSettled(tx, settled);
    const lanes = await this.obligations.release(tx, sources, now);
    const finished = await this.obligations.countDown(tx, countByCause(settled), now);
    const compactAt = new Date(now.getTime() + compactionDelayMilliseconds);
    for (const { tenant, storeId, datasets } of erasedDatasets(settled)) {
      await this.stores.oweCompaction(tx, tenant, storeId, { datasets, at: compactAt });
    }
    const others = lanes
      .filter((laneId) => laneId !== lease.laneId)
      .map((laneId) => wakeLaneJob.bell({ laneId }));
    await this.outbox.add(tx, [...others, ...causeBells(finished)]);
    for (const [tenant, own] of byTenant(settled)) {
      const entries = own.map((settlement) => entryOf(settlement, names));
      await this.appendEntries.execute(tx, tenant, entries);
    }
  }
}

/**
 * Settles a batch under its fence, in one transaction: outcomes, causes, ledger entries, bells. A worker whose lane was
 * taken over settles nothing; of a tenant that has left meanwhile nothing is settled, and the others of the batch are.
 */
@Injectable()
export class SettleBatch {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly writeOutcomes: WriteOutcomes,
    private readonly recordOutcomes: RecordOutcomes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers false when the fence was no longer ours. */
  async execute(lease: Lease, batch: Batch, acted: readonly Settlement[]): Promise<boolean> {
    const settlements = [
      ...acted.map(heldInPart),
      ...batch.superseded.map((one) => untouched(one, 'superseded', null)),
      ...batch.kept.map((one) => untouched(one, one.outcome, one.error)),
    ];
    for (;;) {
      try {
        return await this.transactions.run(null, (tx) => this.settle(tx, lease, batch, settlements));
      } catch (error) {
        // A tenant's erasure began between the settling of its obligations and their entries; now its state says so.
        if (!isLogClosed(error)) throw error;
      }
    }
  }

  private async settle(
    tx: EntityManager,
    lease: Lease,
    batch: Batch,
    settlements: readonly Settlement[],
  ): Promise<boolean> {
    if (!(await this.lanes.holds(tx, lease))) return false;
    reach('batch.settling');
    const now = this.clock.now();
    const written = await this.writeOutcomes.execute(tx, settlements, now);
    await this.lanes.closeBatch(tx, batch, now);
    await this.recordOutcomes.execute(tx, lease, batch, written, now);
    reach('batch.written');
    return true;
  }
}

/** The full name of each obligation's dataset: what others wait for, and what the ledger says. */
function datasetNames(batch: Batch): ReadonlyMap<string, string> {
  return new Map([
    ...batch.warranted.map(
      ({ obligation: { id, dataset }, store }) => [id, datasetName(store, { name: dataset })] as const,
    ),
    ...[...batch.superseded, ...batch.kept].map(({ obligation: { id }, dataset }) => [id, dataset] as const),
  ]);
}

function entryOf(settlement: Settlement, names: ReadonlyMap<string, string>) {
  const { obligation, outcome, removed, exact, level, error } = settlement;
  const { id, causeKind, causeId, subjectRef, rows, policyVersion } = obligation;
  return settledEntry({
    id,
    causeKind,
    causeId,
    subjectRef,
    dataset: names.get(id) ?? obligation.dataset,
    outcome,
    rows: rows + removed,
    exact,
    level,
    ...endedBy(settlement),
    error,
    policyVersion,
  });
}

/** Settled without touching the store; an earlier attempt may have removed rows without living to tell. */
function untouched(
  { obligation }: Batch['superseded'][number],
  outcome: NonNullable<Settlement['outcome']>,
  error: string | null,
): Settlement {
  return {
    obligation,
    removed: 0,
    exact: obligation.exact && obligation.attempts === 1,
    outcome,
    level: null,
    error,
    dueAt: null,
    progress: null,
  };
}

/** A sweep that left out what a hold keeps has done the rest. */
function heldInPart(settlement: Settlement): Settlement {
  const { obligation, outcome } = settlement;
  const done = outcome === 'erased' || outcome === 'not_found';
  return done && obligation.heldBy !== undefined ? { ...settlement, outcome: 'held' } : settlement;
}

function countByCause(settled: readonly Settlement[]) {
  const counts = new Map<string, { tenant: TenantId; causeId: string; settled: number }>();
  for (const { obligation } of settled) {
    const known = counts.get(obligation.causeId) ?? {
      tenant: obligation.tenant,
      causeId: obligation.causeId,
      settled: 0,
    };
    counts.set(obligation.causeId, { ...known, settled: known.settled + 1 });
  }
  return [...counts.values()];
}

function causeBells(finished: Awaited<ReturnType<ObligationsRepository['countDown']>>): readonly Bell[] {
  return finished.flatMap(({ tenant_id: tenantId, kind }) => {
    if (kind === 'request') return [requestsSettledJob.bell({ tenantId })];
    return kind === 'sweep' ? [sweepsSettledJob.bell({ tenantId })] : [];
  });
}

/** Where something was erased, the bytes may still lie about until the store is compacted. */
function erasedDatasets(settled: readonly Settlement[]) {
  const byStore = new Map<StoreId, { tenant: TenantId; storeId: StoreId; datasets: string[] }>();
  for (const { obligation, outcome, removed } of settled) {
    const { tenant, storeId, dataset, rows } = obligation;
    if (outcome !== 'erased' && (outcome !== 'held' || rows + removed === 0)) continue;
    const known = byStore.get(storeId) ?? { tenant, storeId, datasets: [] };
    if (!known.datasets.includes(dataset)) known.datasets.push(dataset);
    byStore.set(storeId, known);
  }
  return [...byStore.values()];
}

/** In the order of tenants, so that two lanes settling at once take the tenants' counters in the same order. */
function byTenant(settled: readonly Settlement[]): readonly (readonly [TenantId, readonly Settlement[]])[] {
  return [...Map.groupBy(settled, ({ obligation }) => obligation.tenant)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
}
