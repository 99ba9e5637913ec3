import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { Outbox, type Bell } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { deadlineOf, HoldsRepository, holdsOverJob, ReadPolicy, RecordHolds } from '#policy';
import { StoresRepository } from '#stores';
import { awaitsOf } from '../domain/held.js';
import { datasetName } from '../domain/plan.js';
import { wakeLaneJob } from '../jobs.js';
import { ObligationsRepository } from '../obligations.repository.js';
import { sourceGraceMilliseconds } from '../plan-obligations.js';
import { HeldRepository, type ReleasedObligation } from './held.repository.js';

const pageSize = 500;

/** Takes note of holds that are over: what they knew people by goes, and the log says that they ended. */
@Injectable()
export class EndHolds {
  constructor(
    private readonly transactions: Transactions,
    private readonly holds: HoldsRepository,
    private readonly record: RecordHolds,
    private readonly held: HeldRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      const ended = await this.holds.end(tx, tenant, this.clock.now());
      await this.holds.forgetPeople(tx, tenant);
      await this.record.ended(tx, tenant, ended);
    });
  }

  /** The rows know which holds are over: whatever bell was lost, this rings it again. */
  async find(tx: EntityManager, now: Date): Promise<readonly Bell[]> {
    const tenants = await this.held.tenantsToRelease(tx, now);
    return tenants.map((tenantId) => holdsOverJob.bell({ tenantId }));
  }
}

/** Puts work that may go on into its lane. */
@Injectable()
export class ResumeWork {
  constructor(
    private readonly held: HeldRepository,
    private readonly obligations: ObligationsRepository,
    private readonly stores: StoresRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly outbox: Outbox,
  ) {}

  /** Answers how much there was, at most a page. */
  async execute(tx: EntityManager, tenant: TenantId, now: Date): Promise<number> {
    const released = await this.held.released(tx, tenant, now, pageSize);
    await this.resume(tx, tenant, now, released);
    return released.length;
  }

  /** Due from now on, sources first; their causes are open again, and their lanes are rung. */
  async resume(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    released: readonly ReleasedObligation[],
  ): Promise<void> {
    if (released.length === 0) return;
    const causes = Map.groupBy(released, ({ causeId }): string => causeId);
    await this.obligations.lockCauses(
      tx,
      [...causes.keys()].map((causeId) => ({ tenant, causeId })),
    );
    const resumed = await this.inOrder(tx, tenant, now, released);
    const { policy } = await this.readPolicy.current(tx, tenant);
    const lanes = await this.held.resume(tx, tenant, resumed, deadlineOf(policy, now).at);
    await this.held.reopen(
      tx,
      tenant,
      [...causes].map(([id, own]) => ({ id, open: own.length })),
    );
    await this.outbox.add(
      tx,
      lanes.map((laneId) => wakeLaneJob.bell({ laneId })),
    );
  }

  /** Sources before what is derived from them, as it was planned. */
  private async inOrder(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    released: readonly ReleasedObligation[],
  ) {
    const stores = new Map((await this.stores.all(tx, tenant)).map((store) => [store.id, store]));
    const nameOf = ({ storeId, dataset }: ReleasedObligation) =>
      datasetName(stores.get(storeId) ?? { name: storeId }, { name: dataset });
    const open = await this.held.open(tx, tenant, now, [...new Set(released.map(({ causeId }) => causeId))]);
    const named = open.map((one) => ({ ...one, dataset: nameOf(one) }));
    return released.map((one) => {
      const mapped = stores.get(one.storeId)?.datasets.find(({ name }) => name === one.dataset);
      const awaits = awaitsOf(one, mapped?.derivedFrom ?? [], named);
      const dueAt = new Date(now.getTime() + (awaits.length > 0 ? sourceGraceMilliseconds : 0));
      return { id: one.id, awaits, dueAt };
    });
  }
}

/** What waited for holds that are over goes on. Does all there is to do, so repeats are harmless. */
@Injectable()
export class ReleaseHeld {
  constructor(
    private readonly transactions: Transactions,
    private readonly endHolds: EndHolds,
    private readonly resumeWork: ResumeWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    await this.endHolds.execute(tenant);
    const resume = (tx: EntityManager) => this.resumeWork.execute(tx, tenant, this.clock.now());
    while ((await this.transactions.run(tenant, resume)) === pageSize);
  }
}
