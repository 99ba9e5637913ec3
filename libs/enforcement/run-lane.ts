import { Injectable } from '@nestjs/common';
import { HoldLane } from './hold-lane.js';
import { WhenIdle } from './when-idle.js';
import { WorkOff } from './work-off.js';

/** Takes a lane and works off what is due, batch by batch, until nothing is left or the lane is no longer ours. */
@Injectable()
export class RunLane {
  constructor(
    private readonly holdLane: HoldLane,
    private readonly workOff: WorkOff,
    private readonly whenIdle: WhenIdle,
  ) {}

  /** Answers how many obligations it settled or tried; 0 when another worker holds the lane. Throws Elsewhere when it is in another region. */
  async execute(laneId: string, stop: AbortSignal): Promise<number> {
    return this.holdLane.execute(laneId, stop, async (tenure) => {
      const { lease, signal } = tenure;
      let handled = 0;
      let isDue = true;
      while (isDue) {
        handled += await this.workOff.execute(tenure);
        const ours = !signal.aborted && (await this.holdLane.holds(lease));
        isDue = ours && (await this.whenIdle.execute(lease, signal));
      }
      return handled;
    });
  }
}
