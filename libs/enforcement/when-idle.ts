import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { CompactStores } from './compaction/compact-stores.js';
import type { Lease } from './lanes.repository.js';
import { ReadBack } from './read-back/read-back.js';

/** What a lane does once nothing in it is due: reads back what was erased a while ago, and compacts. */
@Injectable()
export class WhenIdle {
  constructor(
    private readonly readBack: ReadBack,
    private readonly compactStores: CompactStores,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers whether work is due again. */
  async execute(lease: Lease, signal: AbortSignal): Promise<boolean> {
    if (await this.readBack.execute(lease, signal)) return true;
    if (!signal.aborted) await this.compactStores.execute(lease, this.clock.now(), signal);
    return false;
  }
}
