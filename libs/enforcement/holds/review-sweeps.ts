import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadGovernance, type RegisteredStore } from '#stores';
import { isStillDue, overtaken, type WaitedSweep } from '../domain/held.js';
import { datasetName } from '../domain/plan.js';
import type { ClaimedObligation } from '../obligation.js';

/** A claimed obligation with the store it is for. */
export interface ClaimedWork {
  readonly obligation: ClaimedObligation;
  readonly store: RegisteredStore;
}

/** A claimed obligation with the full name of its dataset, for those that wait for it. */
export interface NamedObligation {
  readonly obligation: ClaimedObligation;
  readonly dataset: string;
}

/** Claimed work: what may be done, and what is no longer warranted. */
export interface Claimed<Work extends ClaimedWork> {
  readonly warranted: readonly Work[];
  readonly superseded: readonly NamedObligation[];
}

/**
 * A sweep that waited for a hold may have waited for years: it goes on only if the policy of now removes as much, and of many
 * of one dataset only the one that reaches furthest does.
 */
@Injectable()
export class ReviewSweeps {
  constructor(
    private readonly governance: ReadGovernance,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute<Work extends ClaimedWork>(
    tx: EntityManager,
    { warranted, superseded }: Claimed<Work>,
  ): Promise<Claimed<Work>> {
    const waited = warranted.filter(
      ({ obligation: { succeeds, cutOff } }) => succeeds !== null && cutOff !== null,
    );
    if (waited.length === 0) return { warranted, superseded };
    const gone = new Set<Work>();
    const byTenant = Map.groupBy(waited, ({ obligation }) => obligation.tenant);
    for (const [tenant, own] of byTenant) {
      const { world } = await this.governance.execute(tx, tenant);
      for (const [name, sweeps] of Map.groupBy(own, nameOf))
        for (const one of this.notDue(sweeps, world.datasets.get(name)?.steps ?? [])) gone.add(one);
    }
    return {
      warranted: warranted.filter((one) => !gone.has(one)),
      superseded: [
        ...superseded,
        ...[...gone].map((one) => ({ obligation: one.obligation, dataset: nameOf(one) })),
      ],
    };
  }

  private notDue<Work extends ClaimedWork>(
    sweeps: readonly Work[],
    steps: Parameters<typeof isStillDue>[1],
  ): readonly Work[] {
    const byId = new Map(sweeps.map((one) => [one.obligation.id, one]));
    const waited = sweeps.flatMap(({ obligation: { id, moment, onlyPurposes, cutOff } }): WaitedSweep[] =>
      cutOff === null ? [] : [{ id, moment, onlyPurposes, cutOff }],
    );
    const due = waited.filter((sweep) => isStillDue(sweep, steps, this.clock.now()));
    const others = waited.filter((sweep) => !due.includes(sweep));
    return [...others, ...overtaken(due)].flatMap(({ id }) => byId.get(id) ?? []);
  }
}

function nameOf({ store, obligation }: ClaimedWork): string {
  return datasetName(store, { name: obligation.dataset });
}
