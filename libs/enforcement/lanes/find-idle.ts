import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Regions } from '#platform/runtime';
import { LanesRepository } from '../lanes.repository.js';
import { ReadFlows } from './read-flows.js';

/** Finds lanes to wake: of the regions served here, with work that may be begun now, and nobody who does it. */
@Injectable()
export class FindIdleLanes {
  constructor(
    private readonly lanes: LanesRepository,
    private readonly readFlows: ReadFlows,
    private readonly regions: Regions,
  ) {}

  async execute(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const idle = (await this.lanes.idleWithWork(tx, now)).flatMap(({ id, region }) =>
      this.regions.serves(region) ? [id] : [],
    );
    if (idle.length === 0) return [];
    const flows = await this.readFlows.execute(tx, idle, now);
    // Windows are in the policies, so they are asked about for the few lanes with work.
    const closed = [...flows].flatMap(([store, flow]) => (flow.admission(now) === undefined ? [store] : []));
    if (closed.length === 0) return idle;
    const open = new Set((await this.lanes.idleWithWork(tx, now, closed)).map(({ id }) => id));
    return idle.filter((id) => open.has(id));
  }
}
