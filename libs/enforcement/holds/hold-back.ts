import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import type { Hold } from '#policy';
import { datasetName } from '../domain/plan.js';
import { keyContext, type ClaimedObligation } from '../obligation.js';
import { FindHolds } from './find-holds.js';
import {
  ReviewSuccessors,
  type Claimed,
  type ClaimedWork,
  type KeptObligation,
} from './review-successors.js';

/** Claimed work, sorted. */
export interface Sorted<Work extends ClaimedWork> extends Claimed<Work> {
  /** Settled without touching the store. */
  readonly kept: readonly KeptObligation[];
}

/** Takes out of claimed work what a hold covers, under the lane's lock, so that whoever places one knows what it missed. */
@Injectable()
export class HoldBack {
  constructor(
    private readonly findHolds: FindHolds,
    private readonly reviewSuccessors: ReviewSuccessors,
    private readonly sealer: Sealer,
  ) {}

  async execute<Work extends ClaimedWork>(tx: EntityManager, claimed: Claimed<Work>): Promise<Sorted<Work>> {
    const { warranted, superseded, kept } = await this.reviewSuccessors.execute(tx, claimed);
    const byTenant = Map.groupBy(warranted, ({ obligation }) => obligation.tenant);
    const holds = await this.findHolds.inForce(tx, [...byTenant.keys()]);
    const free: Work[] = [];
    const held: KeptObligation[] = [];
    for (const [tenant, own] of byTenant) {
      const inForce = holds.get(tenant) ?? [];
      const after = await this.heldOf(tx, tenant, inForce, own);
      for (const one of own) {
        const { store } = one;
        const obligation = after.get(one) ?? one.obligation;
        const { heldBy, except } = obligation;
        const dataset = datasetName(store, { name: obligation.dataset });
        if (heldBy === undefined || except !== undefined) free.push({ ...one, obligation });
        else held.push({ obligation, dataset, outcome: 'held', error: heldBy.note });
      }
    }
    return { warranted: free, superseded, kept: [...kept, ...held] };
  }

  /** The obligations that holds change something of, changed. */
  private async heldOf(
    tx: EntityManager,
    tenant: TenantId,
    holds: readonly Hold[],
    own: readonly ClaimedWork[],
  ): Promise<ReadonlyMap<ClaimedWork, ClaimedObligation>> {
    const after = new Map<ClaimedWork, ClaimedObligation>();
    if (holds.length === 0) return after;
    const people = own.flatMap((one) => {
      const { obligation, store } = one;
      const { dataset, subjectRef, asOf, onlyPurposes, cutOff } = obligation;
      return cutOff === null ? [{ one, store, dataset, subjectRef, asOf, onlyPurposes }] : [];
    });
    for (const [{ one }, heldBy] of await this.findHolds.ofPeople(tx, tenant, holds, people))
      if (this.opens(one.obligation)) after.set(one, { ...one.obligation, heldBy });
    for (const one of own) {
      const { obligation, store } = one;
      const { dataset, moment, onlyPurposes, cutOff } = obligation;
      if (cutOff === null) continue;
      const held = await this.findHolds.ofSweep(tx, tenant, holds, {
        store,
        dataset,
        moment,
        onlyPurposes,
        cutOff,
      });
      if (held === undefined) continue;
      const { heldBy } = held;
      const rest = held.whole ? {} : { cutOff: held.cutOff, except: held.except };
      after.set(one, { ...obligation, ...rest, heldBy });
    }
    return after;
  }

  /** Without its key there can be no successor. It cannot be acted on either: that ends as the failure that it is. */
  private opens({ tenant, id, sealedKey }: ClaimedObligation): boolean {
    try {
      return sealedKey !== null && this.sealer.open(sealedKey, keyContext(tenant, id)).length > 0;
    } catch {
      return false;
    }
  }
}
