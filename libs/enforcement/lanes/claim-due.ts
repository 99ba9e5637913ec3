import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId } from '#kernel';
import { BEATS, type Beats } from '#platform/runtime';
import { isOrdinary } from '../domain/admission.js';
import type { ClaimedObligation } from '../obligation.js';
import { DueRepository } from './due.repository.js';
import type { Flows } from './flow.js';
import { ReadFlows } from './read-flows.js';

/** Due work of a lane, as far as its stores may be worked on. */
export interface Claim {
  readonly claimed: readonly ClaimedObligation[];
  readonly flows: Flows;
  /** As much as may be taken of stores that bear a full batch: more may be due. */
  readonly isFull: boolean;
}

/** Claims what is due in a lane, under its lock: of each store as much as it may be given now. */
@Injectable()
export class ClaimDue {
  constructor(
    private readonly due: DueRepository,
    private readonly readFlows: ReadFlows,
    @Inject(BEATS) private readonly beats: Beats,
  ) {}

  /**
   * `resting`: stores that are left alone for now. `inHand`: claimed already and not settled yet; while there is such work, only
   * of stores that bear a full batch is more taken, since nobody knows yet what the others will bear.
   */
  async execute(
    tx: EntityManager,
    laneId: string,
    now: Date,
    { resting, inHand }: { readonly resting: ReadonlySet<StoreId>; readonly inHand: readonly string[] },
  ): Promise<Claim> {
    const { batchSize: most } = this.beats;
    const flows = await this.readFlows.execute(tx, [laneId], now);
    const admitted = [...flows].flatMap(([store, flow]) => {
      const admission = resting.has(store) ? undefined : flow.admission(now, most);
      return admission === undefined ? [] : [{ store, admission }];
    });
    const ordinary = new Set(
      admitted.flatMap(({ store, admission }) => (isOrdinary(admission, most) ? [store] : [])),
    );
    const except = [...flows.keys()].filter((store) => !ordinary.has(store));
    const claimed = [...(await this.due.claim(tx, laneId, now, { most, except, inHand }))];
    const isFull = claimed.length === most;
    if (inHand.length > 0) return { claimed, flows, isFull };
    for (const { store, admission } of admitted)
      if (!ordinary.has(store))
        claimed.push(...(await this.due.claim(tx, laneId, now, { ...admission, only: store })));
    return { claimed, flows, isFull };
  }
}
