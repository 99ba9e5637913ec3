import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReadFlows } from '../lanes/read-flows.js';
import { ReadBacksRepository, type DueReadBack } from './read-backs.repository.js';

/** More people than this are read back in several calls. */
const most = 2_000;

/** Claims what is due to be read back in a lane, under its lock; stores that may not be worked on now are left for later. */
@Injectable()
export class ClaimReadBacks {
  constructor(
    private readonly repository: ReadBacksRepository,
    private readonly readFlows: ReadFlows,
  ) {}

  async execute(tx: EntityManager, laneId: string, now: Date): Promise<readonly DueReadBack[]> {
    const flows = await this.readFlows.execute(tx, [laneId], now);
    const except = [...flows].flatMap(([store, flow]) => (flow.admission(now) === undefined ? [store] : []));
    return this.repository.claim(tx, laneId, now, { most, except });
  }
}
