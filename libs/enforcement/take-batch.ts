import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ConsentRepository, decisionRules } from '#consent';
import { subjectRef, type Clock, type IdSource, type StoreId, type SubjectRef, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { CLOCK, IDS } from '#platform/runtime';
import { ReadPolicy } from '#policy';
import { StoresRepository, type RegisteredStore } from '#stores';
import { HoldBack } from './holds/hold-back.js';
import type { KeptObligation } from './holds/review-successors.js';
import { datasetName, lostPurposes, stillLost } from './domain/plan.js';
import { ClaimDue } from './lanes/claim-due.js';
import type { Flows } from './lanes/flow.js';
import { LanesRepository, type Lease } from './lanes.repository.js';
import type { ClaimedObligation } from './obligation.js';

/** An obligation that is warranted, with the store it is for. */
export interface WarrantedObligation {
  readonly obligation: ClaimedObligation;
  readonly store: RegisteredStore;
  readonly onlyPurposes: readonly string[] | undefined;
}

/** An obligation that is no longer warranted, with the full name of its dataset for those that wait for it. */
export interface SupersededObligation {
  readonly obligation: ClaimedObligation;
  readonly dataset: string;
}

/** What one pass over a lane is about to do. */
export interface Batch {
  readonly id: string;
  readonly warranted: readonly WarrantedObligation[];
  /** No longer warranted: settled without touching the store. */
  readonly superseded: readonly SupersededObligation[];
  /** A hold covers them, or the policy keeps them by now: settled without touching the store. */
  readonly kept: readonly KeptObligation[];
  /** The stores of the lane: what their calls tell is settled with the batch. */
  readonly flows: Flows;
  /** More may be due. */
  readonly isFull: boolean;
}

/** Re-reads holds, consent and the data map for claimed work. */
@Injectable()
export class ReadWarrants {
  constructor(
    private readonly stores: StoresRepository,
    private readonly consent: ConsentRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly holdBack: HoldBack,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(
    tx: EntityManager,
    laneId: string,
    claimed: readonly ClaimedObligation[],
  ): Promise<Pick<Batch, 'warranted' | 'superseded' | 'kept'>> {
    return this.holdBack.execute(tx, await this.warranted(tx, laneId, claimed));
  }

  /** Without holds, which keep nobody from looking. */
  async warranted(
    tx: EntityManager,
    laneId: string,
    claimed: readonly ClaimedObligation[],
  ): Promise<Pick<Batch, 'warranted' | 'superseded'>> {
    const stores = new Map((await this.stores.ofLane(tx, laneId)).map((store) => [store.id, store]));
    const lost = await this.lostOf(tx, claimed);
    const warranted: WarrantedObligation[] = [];
    const superseded: SupersededObligation[] = [];
    for (const obligation of claimed) {
      const own = lost.get(obligation.tenant)?.get(obligation.subjectRef ?? nobody) ?? new Set();
      const warrant = warrantOf(obligation, stores.get(obligation.storeId), own);
      if (warrant !== undefined) {
        warranted.push(warrant);
        continue;
      }
      const store = stores.get(obligation.storeId) ?? { name: obligation.storeId };
      superseded.push({ obligation, dataset: datasetName(store, { name: obligation.dataset }) });
    }
    return { warranted, superseded };
  }

  /** What each person has lost by now, by tenant: under the policy and the consents of this moment. */
  private async lostOf(tx: EntityManager, claimed: readonly ClaimedObligation[]) {
    const byTenant = new Map<TenantId, Set<SubjectRef>>();
    for (const { tenant, subjectRef: ref, onlyPurposes } of claimed) {
      if (ref === null || onlyPurposes === null) continue;
      byTenant.set(tenant, (byTenant.get(tenant) ?? new Set()).add(ref));
    }
    const now = this.clock.now();
    const lost = new Map<TenantId, Map<SubjectRef, ReadonlySet<string>>>();
    for (const [tenant, refs] of byTenant) {
      const policy = await this.readPolicy.find(tx, tenant);
      const rules = policy === undefined ? undefined : decisionRules(policy);
      const states = await this.consent.states(tx, tenant, [...refs]);
      lost.set(
        tenant,
        new Map([...refs].map((ref) => [ref, lostPurposes(states.get(ref) ?? new Map(), rules, now)])),
      );
    }
    return lost;
  }
}

/**
 * Before acting, one short transaction: checks the fence on the locked lane row, claims due obligations, re-reads what
 * they rest on, and writes the batch row, so that whoever changes that afterwards can see what is in flight.
 */
@Injectable()
export class TakeBatch {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly claimDue: ClaimDue,
    private readonly warrants: ReadWarrants,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * Undefined when nothing is due that may be begun, `resting` stores left aside, or the lane is no longer ours. `before`: a
   * batch that is not settled yet.
   */
  async execute(
    lease: Lease,
    now: Date,
    resting: ReadonlySet<StoreId> = new Set(),
    before?: Batch,
  ): Promise<Batch | undefined> {
    return this.transactions.run(null, async (tx) => {
      if (!(await this.lanes.holds(tx, lease))) return undefined;
      const left = { resting, inHand: before === undefined ? [] : idsOf(before) };
      const { claimed, flows, isFull } = await this.claimDue.execute(tx, lease.laneId, now, left);
      if (claimed.length === 0) return undefined;
      const id = this.ids.next();
      const warrants = await this.warrants.execute(tx, lease.laneId, claimed);
      const inHand = warrants.warranted.map(({ obligation }) => obligation.id);
      await this.lanes.openBatch(tx, lease, { id, obligations: inHand, at: now });
      reach('batch.claimed');
      return { id, ...warrants, flows, isFull };
    });
  }
}

/** Of everything in a batch. */
export function idsOf({ warranted, superseded, kept }: Batch): readonly string[] {
  return [...warranted, ...superseded, ...kept].map(({ obligation }) => obligation.id);
}

const nobody = subjectRef('00000000-0000-4000-8000-000000000000');

/** Undefined when the work is no longer warranted: its dataset is gone from the data map, or its purposes hold again. */
function warrantOf(
  obligation: ClaimedObligation,
  store: RegisteredStore | undefined,
  lostNow: ReadonlySet<string>,
): WarrantedObligation | undefined {
  const dataset = store?.datasets.find(({ name }) => name === obligation.dataset);
  if (store === undefined || dataset === undefined) return undefined;
  // A sweep's purposes are the policy's, not what a person has lost.
  if (obligation.onlyPurposes === null || obligation.cutOff !== null)
    return { obligation, store, onlyPurposes: undefined };
  const lost = stillLost(obligation.onlyPurposes, lostNow, dataset);
  if (lost === undefined) return undefined;
  return { obligation, store, onlyPurposes: dataset.purposesField === undefined ? undefined : lost };
}
