import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId } from '#kernel';
import { isOrdinary } from '../domain/admission.js';
import { largestBatch } from '../domain/pace.js';
import type { ClaimedObligation } from '../obligation.js';
import { DueRepository } from './due.repository.js';
import type { Flows } from './flow.js';
import { ReadFlows } from './read-flows.js';

/** Due work of a lane, as far as its stores may be worked on. */
export interface Claim {
  readonly claimed: readonly ClaimedObligation[];
  readonly flows: Flows;
}

/** Claims what is due in a lane, under its lock: of each store as much as it may be given now. */
@Injectable()
export class ClaimDue {
  constructor(
    private readonly due: DueRepository,
    private readonly readFlows: ReadFlows,
  ) {}

  /** `resting`: stores that are left alone for now. */
  async execute(tx: EntityManager, laneId: string, now: Date, resting: ReadonlySet<StoreId>): Promise<Claim> {
    const flows = await this.readFlows.execute(tx, [laneId], now);
    const admitted = [...flows].flatMap(([store, flow]) => {
      const admission = resting.has(store) ? undefined : flow.admission(now);
      return admission === undefined ? [] : [{ store, admission }];
    });
    const ordinary = new Set(
      admitted.flatMap(({ store, admission }) => (isOrdinary(admission) ? [store] : [])),
    );
    const except = [...flows.keys()].filter((store) => !ordinary.has(store));
    const claimed = [...(await this.due.claim(tx, laneId, now, { most: largestBatch, except }))];
    for (const { store, admission } of admitted)
      if (!ordinary.has(store))
        claimed.push(...(await this.due.claim(tx, laneId, now, { ...admission, only: store })));
    return { claimed, flows };
  }
}
