import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import type { RegisteredStore } from '#stores';
import type { HeldBy } from '../domain/held.js';
import { datasetName, type PlannedObligation } from '../domain/plan.js';
import type { NewObligation } from '../obligations.repository.js';
import { FindHolds } from './find-holds.js';
import { Succeed } from './succeed.js';

/** A planned obligation, and what holds it from the start. */
export interface HeldPlan {
  readonly planned: PlannedObligation;
  readonly heldBy: HeldBy | undefined;
}

/** What of a plan is held already: it is settled so from the start, and has a successor. */
@Injectable()
export class HoldPlanned {
  constructor(
    private readonly findHolds: FindHolds,
    private readonly succeed: Succeed,
  ) {}

  /** Nobody waits for a source that is held. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    plan: readonly PlannedObligation[],
    stores: readonly RegisteredStore[],
  ): Promise<readonly HeldPlan[]> {
    const holds = (await this.findHolds.inForce(tx, [tenant])).get(tenant) ?? [];
    const works = plan.flatMap((planned) => {
      const { cause, dataset, keys, disposal, onlyPurposes, storeId } = planned;
      const store = stores.find(({ id }) => id === storeId);
      if (store === undefined || keys.length === 0 || disposal.kind !== 'purge') return [];
      return [{ planned, store, dataset, subjectRef: cause.subjectRef, asOf: cause.asOf, onlyPurposes }];
    });
    const held = new Map<PlannedObligation, HeldBy>();
    const sources = new Set<string>();
    for (const [{ planned, store }, by] of await this.findHolds.ofPeople(tx, tenant, holds, works)) {
      held.set(planned, by);
      sources.add(`${planned.cause.id} ${datasetName(store, { name: planned.dataset })}`);
    }
    return plan.map((planned) => ({
      planned: {
        ...planned,
        awaits: planned.awaits.filter((source) => !sources.has(`${planned.cause.id} ${source}`)),
      },
      heldBy: held.get(planned),
    }));
  }

  /** After the held and retained obligations were inserted. */
  async successors(
    tx: EntityManager,
    tenant: TenantId,
    plan: readonly { readonly obligation: NewObligation; readonly keys: Buffer }[],
  ): Promise<void> {
    const kept = plan.flatMap(({ obligation: { id, holdId, retainedUntil }, keys }) =>
      holdId === null && retainedUntil === null
        ? []
        : [{ tenant, id, holdId, retainedUntil, keys, exact: true }],
    );
    await this.succeed.execute(tx, kept);
  }
}
