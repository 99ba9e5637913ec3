import type { FaultPoint } from '#platform/faults';
import type { Actor, Ears, Signal } from './actor.js';
import type { Tally } from './tally.js';

/** As short as it may be set: what is waited for in production for half a minute is waited for here for a second. */
export const leaseMilliseconds = 1_000;
const longerThanALease = leaseMilliseconds + 600;

/** Keeps count of which process was hit by what, and lets those who stall go on. */
export class Strikes implements Ears {
  /** Of each point, how often a process was killed or stalled there. */
  readonly at = new Map<FaultPoint, number>();
  private readonly recovering = new Map<Actor, (() => void)[]>();

  constructor(private readonly tally: Tally) {}

  passed(actor: Actor, point: FaultPoint, signal: Signal | undefined): void {
    if (signal === undefined) return;
    this.at.set(point, (this.at.get(point) ?? 0) + 1);
    if (signal === 'SIGKILL') this.killed(actor, `kill -9 at ${point}`);
    else this.stalled(actor, `SIGSTOP at ${point}`);
  }

  ready(actor: Actor): void {
    for (const over of this.recovering.get(actor) ?? []) over();
    this.recovering.delete(actor);
  }

  /** It is over when the next of its kind serves. */
  killed(actor: Actor, fault: string): void {
    this.recovering.set(actor, [...(this.recovering.get(actor) ?? []), this.tally.killed(fault)]);
  }

  /** It goes on when its lane has long been somebody else's. */
  stalled(actor: Actor, fault: string): void {
    const over = this.tally.begin(fault);
    setTimeout(() => {
      actor.goOn();
      over();
    }, longerThanALease);
  }
}
