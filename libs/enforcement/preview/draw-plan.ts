import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { ReadGovernance, type RegisteredStore } from '#stores';
import { plan, type IdentifiersByType, type SubjectCause } from '../domain/plan.js';
import { HoldPlanned, type HeldPlan } from '../holds/hold-planned.js';

/** A cause, and by what the person whom it concerns is known. */
export interface PlannedPerson {
  readonly cause: SubjectCause;
  readonly identifiers: IdentifiersByType;
}

/** Draws the plan of causes, holds and all, and writes nothing: what is planned and what is previewed is the same. */
@Injectable()
export class DrawPlan {
  constructor(
    private readonly governance: ReadGovernance,
    private readonly holdPlanned: HoldPlanned,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    people: readonly PlannedPerson[],
    policyVersion: number,
  ): Promise<{ readonly stores: readonly RegisteredStore[]; readonly plan: readonly HeldPlan[] }> {
    const { stores, world } = await this.governance.execute(tx, tenant, policyVersion);
    const planned = people.flatMap(({ cause, identifiers }) => plan(cause, identifiers, { stores, world }));
    return { stores, plan: await this.holdPlanned.execute(tx, tenant, planned, stores) };
  }
}
