import type { StoreId } from '#kernel';
import type { Flows } from './flow.js';

/** A worker that waits for a resting store looks this often whether there is work for another one. */
const longestTurn = 1_000;

/** Which stores rest, over one run of a lane. */
export class Resting {
  private readonly untilBy = new Map<StoreId, Date>();

  note(flows: Flows): void {
    for (const [store, { restsUntil }] of flows)
      if (restsUntil !== undefined) this.untilBy.set(store, restsUntil);
  }

  stores(now: Date): ReadonlySet<StoreId> {
    for (const [store, until] of this.untilBy) if (until <= now) this.untilBy.delete(store);
    return new Set(this.untilBy.keys());
  }

  /** When to look again; undefined when nothing rests. */
  turn(now: Date): Date | undefined {
    if (this.stores(now).size === 0) return undefined;
    const first = Math.min(...[...this.untilBy.values()].map((until) => until.getTime()));
    return new Date(Math.min(first, now.getTime() + longestTurn));
  }
}
