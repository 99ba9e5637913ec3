import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';

/** Lets time pass. */
@Injectable()
export class Rest {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Until that moment, or until it is aborted; not at all for a moment that has passed. */
  async until(moment: Date | undefined, signal: AbortSignal): Promise<void> {
    const milliseconds = (moment?.getTime() ?? 0) - this.clock.now().getTime();
    if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }
}
