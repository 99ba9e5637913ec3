import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { BEATS, CLOCK, type Beats } from '#platform/runtime';
import { Metrics } from '#platform/telemetry';
import { CompactStores } from './compact-stores.js';
import { CallStores } from './lanes/call-stores.js';
import { Resting } from './lanes/resting.js';
import { LanesRepository, type Lease } from './lanes.repository.js';
import { SettleBatch } from './settle-batch.js';
import { TakeBatch } from './take-batch.js';

/** Holds a lane's lease, prolonged by a heartbeat, for as long as some work takes. */
@Injectable()
export class HoldLane {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BEATS) private readonly beats: Beats,
  ) {}

  /** `work` is aborted when the lease is lost or `stop` fires; calls to stores end before anyone else can hold the lane. */
  async execute(
    laneId: string,
    regions: readonly string[] | undefined,
    stop: AbortSignal,
    work: (lease: Lease, signal: AbortSignal, now: () => Date) => Promise<number>,
  ): Promise<number> {
    const now = this.clock.now();
    const lease = await this.transactions.run(null, (tx) =>
      this.lanes.acquire(tx, laneId, { now, until: this.until(), regions }),
    );
    if (lease === undefined) return 0;
    reach('lane.held');
    const lost = new AbortController();
    const heartbeat = setInterval(() => void this.beat(lease, lost), this.beats.leaseMilliseconds / 3);
    try {
      return await work(lease, AbortSignal.any([stop, lost.signal]), () => this.clock.now());
    } finally {
      clearInterval(heartbeat);
      await this.transactions.run(null, (tx) => this.lanes.release(tx, lease));
    }
  }

  /** Whether nobody has taken the lane over meanwhile. */
  async holds(lease: Lease): Promise<boolean> {
    return this.transactions.run(null, (tx) => this.lanes.holds(tx, lease));
  }

  count(outcomes: readonly (string | null)[]): void {
    this.metrics.batches.observe(outcomes.length);
    for (const outcome of outcomes) if (outcome !== null) this.metrics.outcomes.inc({ outcome });
  }

  private async beat(lease: Lease, lost: AbortController): Promise<void> {
    try {
      const ours = await this.transactions.run(null, (tx) => this.lanes.extend(tx, lease, this.until()));
      if (!ours) lost.abort(new Error('another worker holds the lane'));
    } catch {
      // Unknown means lost: without a lease we can prove, we stop acting.
      lost.abort(new Error('the lease could not be prolonged'));
    }
  }

  private until(): Date {
    return new Date(this.clock.now().getTime() + this.beats.leaseMilliseconds);
  }
}

/** Takes a lane and works off what is due, batch by batch, until nothing is left or the lane is no longer ours. */
@Injectable()
export class RunLane {
  constructor(
    private readonly holdLane: HoldLane,
    private readonly takeBatch: TakeBatch,
    private readonly callStores: CallStores,
    private readonly settleBatch: SettleBatch,
    private readonly compactStores: CompactStores,
  ) {}

  /** Answers how many obligations it settled or tried; 0 when another worker holds the lane. */
  async execute(laneId: string, regions: readonly string[] | undefined, stop: AbortSignal): Promise<number> {
    return this.holdLane.execute(laneId, regions, stop, async (lease, signal, now) => {
      let handled = 0;
      const resting = new Resting();
      while (!signal.aborted) {
        const batch = await this.takeBatch.execute(lease, now(), resting.stores(now()));
        if (batch === undefined) {
          if (!(await this.callStores.rest(resting.turn(now()), signal))) break;
          continue;
        }
        reach('batch.taken');
        const acted = await this.callStores.execute(batch.warranted, batch.flows, signal);
        reach('batch.acted');
        if (!(await this.settleBatch.execute(lease, batch, acted))) break;
        reach('batch.settled');
        resting.note(batch.flows);
        handled += batch.warranted.length + batch.superseded.length + batch.held.length;
        this.holdLane.count([...acted.map(({ outcome }) => outcome), ...batch.held.map(() => 'held')]);
      }
      if (!signal.aborted && (await this.holdLane.holds(lease)))
        await this.compactStores.execute(lease, now(), signal);
      return handled;
    });
  }
}
