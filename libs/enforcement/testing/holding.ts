import { systemIds } from '#kernel';
import { HoldsRepository, LiftHold } from '#policy';
import { callerOf } from '#testing';
import { PlaceHold, type PlacedHold, type WantedHold, type WantedScope } from '../holds/place-hold.js';
import { ReleaseHeld } from '../holds/release-held.js';
import type { TestTenant } from './open-engine.js';
import type { Stage } from './stage.js';

const why = 'the regulator asked for it';

/** People by their account, as a scope names them. */
export function accounts(...people: readonly string[]): WantedScope {
  return { subjects: people.map((value) => ({ type: 'account_id', value })) };
}

/** Legal holds as a privacy officer places and lifts them. */
export class Holding {
  constructor(private readonly stage: Stage) {}

  async place(
    tenant: TestTenant,
    scope: WantedScope,
    more: Partial<Pick<WantedHold, 'until' | 'basis'>> = {},
  ): Promise<PlacedHold> {
    const wanted = { basis: 'legal_claims' as const, matter: '2026-114', reason: why, scope, ...more };
    const made = { id: systemIds.next(), at: this.stage.engine.clock.now() };
    const officer = callerOf(tenant.id, 'privacy_officer');
    return this.stage.engine.control.get(PlaceHold).execute(officer, wanted, made);
  }

  /** Without what a worker does afterwards. */
  async lift(tenant: TestTenant, id: string): Promise<void> {
    await this.stage.engine.control.get(LiftHold).execute(callerOf(tenant.id), id, why);
  }

  /** What a worker does when it is told that holds may be over. */
  async release(tenant: TestTenant): Promise<void> {
    await this.stage.engine.worker.get(ReleaseHeld).execute(tenant.id);
  }

  get repository(): HoldsRepository {
    return this.stage.engine.worker.get(HoldsRepository);
  }
}
