import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PoliciesRepository } from '#policy';
import { ControlsRepository } from './controls.repository.js';
import { Flow, type Flows } from './flow.js';

/** What is known, decided and ruled about the stores of lanes. */
@Injectable()
export class ReadFlows {
  constructor(
    private readonly controls: ControlsRepository,
    private readonly policies: PoliciesRepository,
  ) {}

  async execute(tx: EntityManager, laneIds: readonly string[], now: Date): Promise<Flows> {
    const stores = await this.controls.ofLanes(tx, laneIds);
    const tenants = [...new Set(stores.map(({ tenant }) => tenant))];
    const rules = await this.policies.lanes(tx, tenants, now);
    return new Map(
      stores.map(({ tenant, id, name, control }) => {
        const own = rules.get(tenant) ?? {};
        const rule = Object.hasOwn(own, name) ? own[name] : undefined;
        return [id, new Flow({ tenant, store: id }, control, rule ?? {})] as const;
      }),
    );
  }
}
