import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { BEATS, CLOCK, Regions, type Beats } from '#platform/runtime';
import { LanesRepository, type Lease } from './lanes.repository.js';

/** What one has who holds a lane. */
export interface Tenure {
  readonly lease: Lease;
  /** Aborted once the lane is no longer ours, or not known to be. */
  readonly signal: AbortSignal;
  /** To be called before anything is done to a store: a process that has slept past its lease wakes up here, and finds that out. */
  confirm(): void;
}

/** Holds a lane's lease, prolonged by a heartbeat, for as long as some work takes. */
@Injectable()
export class HoldLane {
  constructor(
    private readonly transactions: Transactions,
    private readonly lanes: LanesRepository,
    private readonly regions: Regions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BEATS) private readonly beats: Beats,
  ) {}

  /** Throws Elsewhere when the lane is in a region that this worker does not serve. `work` is aborted when the lease is lost or `stop` fires; calls to stores end before anyone else can hold the lane. */
  async execute(
    laneId: string,
    stop: AbortSignal,
    work: (tenure: Tenure) => Promise<number>,
  ): Promise<number> {
    const now = this.clock.now();
    const lease = await this.transactions.run(null, async (tx) => {
      this.regions.requireAll(await this.lanes.regions(tx, [laneId]));
      return this.lanes.acquire(tx, laneId, { now, until: this.until() });
    });
    if (lease === undefined) return 0;
    reach('lane.held');
    const lost = new AbortController();
    let provedAt = now;
    const beat = async () => {
      const at = this.clock.now();
      if (await this.prolong(lease, lost)) provedAt = at;
    };
    const heartbeat = setInterval(() => void beat(), this.beats.leaseMilliseconds / 3);
    const confirm = () => {
      const silent = this.clock.now().getTime() - provedAt.getTime();
      if (silent >= this.beats.leaseMilliseconds) lost.abort(new Error('the lease has run out'));
    };
    try {
      return await work({ lease, signal: AbortSignal.any([stop, lost.signal]), confirm });
    } finally {
      clearInterval(heartbeat);
      await this.transactions.run(null, (tx) => this.lanes.release(tx, lease));
    }
  }

  /** Whether nobody has taken the lane over meanwhile. */
  async holds(lease: Lease): Promise<boolean> {
    return this.transactions.run(null, (tx) => this.lanes.holds(tx, lease));
  }

  private async prolong(lease: Lease, lost: AbortController): Promise<boolean> {
    try {
      const ours = await this.transactions.run(null, (tx) => this.lanes.extend(tx, lease, this.until()));
      if (!ours) lost.abort(new Error('another worker holds the lane'));
      return ours;
    } catch {
      // Unknown means lost: without a lease we can prove, we stop acting.
      lost.abort(new Error('the lease could not be prolonged'));
      return false;
    }
  }

  private until(): Date {
    return new Date(this.clock.now().getTime() + this.beats.leaseMilliseconds);
  }
}
