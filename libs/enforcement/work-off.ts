import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import { Metrics } from '#platform/telemetry';
import type { Tenure } from './hold-lane.js';
import { CallStores } from './lanes/call-stores.js';
import { Resting } from './lanes/resting.js';
import type { Lease } from './lanes.repository.js';
import type { Settlement } from './obligation.js';
import { SettleBatch } from './settle-batch.js';
import { idsOf, TakeBatch, type Batch } from './take-batch.js';

/** A lane that is held. */
interface Lane extends Tenure {
  /** Which of its stores rest. */
  readonly resting: Resting;
}

/**
 * Works off what is due in a lane, batch by batch. While stores are called about one batch, the one before is settled, and the
 * next is taken.
 */
@Injectable()
export class WorkOff {
  constructor(
    private readonly takeBatch: TakeBatch,
    private readonly callStores: CallStores,
    private readonly settleBatch: SettleBatch,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Until nothing is due, or the lane is no longer ours; answers how many obligations were handled. */
  async execute(tenure: Tenure): Promise<number> {
    const lane = { ...tenure, resting: new Resting() };
    let handled = 0;
    const settle = async (batch: Batch, acted: readonly Settlement[]) => {
      const isOurs = await this.settle(tenure.lease, batch, acted);
      if (isOurs) handled += idsOf(batch).length;
      return isOurs;
    };
    let settled = Promise.resolve(true);
    try {
      for (let batch = await this.takeNext(lane); batch !== undefined;) {
        reach('batch.taken');
        const [acted, next] = await Promise.all([
          this.callStores.execute(batch.warranted, batch.flows, tenure),
          this.takeAhead(lane, batch, settled),
        ]);
        reach('batch.acted');
        if (!(await settled)) break;
        lane.resting.note(batch.flows);
        settled = settle(batch, acted);
        // Why it failed is said to whoever awaits it.
        settled.catch(() => undefined);
        for (const [store, flow] of next?.flows ?? []) flow.takeUp(batch.flows.get(store));
        if (next === undefined && !(await settled)) break;
        batch = next ?? (await this.takeNext(lane));
      }
    } finally {
      await settled;
    }
    return handled;
  }

  /** Waits for stores that rest; undefined when nothing is due any more. */
  private async takeNext({ lease, signal, resting }: Lane): Promise<Batch | undefined> {
    while (!signal.aborted) {
      const batch = await this.takeBatch.execute(lease, this.clock.now(), resting.stores(this.clock.now()));
      if (batch !== undefined) return batch;
      if (!(await this.callStores.rest(resting.turn(this.clock.now()), signal))) break;
    }
    return undefined;
  }

  /** More of the same while a batch is acted on, once the one before it is `settled`. Undefined also when that cannot be known. */
  private async takeAhead(
    { lease, signal, resting }: Lane,
    batch: Batch,
    settled: Promise<boolean>,
  ): Promise<Batch | undefined> {
    // Whoever takes a batch afterwards is told why.
    if (!batch.isFull || !(await settled.catch(() => false)) || signal.aborted) return undefined;
    return this.takeBatch
      .execute(lease, this.clock.now(), resting.stores(this.clock.now()), batch)
      .catch(() => undefined);
  }

  private async settle(lease: Lease, batch: Batch, acted: readonly Settlement[]): Promise<boolean> {
    if (!(await this.settleBatch.execute(lease, batch, acted))) return false;
    reach('batch.settled');
    const outcomes = [...acted, ...batch.kept].map(({ outcome }) => outcome);
    this.metrics.batches.observe(outcomes.length);
    for (const outcome of outcomes) if (outcome !== null) this.metrics.outcomes.inc({ outcome });
    return true;
  }
}
