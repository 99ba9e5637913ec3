import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { holdsOverJob } from '#policy';
import { endedBy, keyContext, type Settlement } from '../obligation.js';
import { HeldRepository } from './held.repository.js';

/** An obligation that was held or retained, and what its successor needs. */
export interface Kept {
  readonly tenant: TenantId;
  readonly id: string;
  /** The hold that its successor waits for. */
  readonly holdId: string | null;
  /** The moment that its successor waits for. */
  readonly retainedUntil: Date | null;
  /** The keys that it was sealed with, opened; null for a sweep. */
  readonly keys: Buffer | null;
  /** False when some of its rows may be gone already, uncounted. */
  readonly exact: boolean;
}

/** Gives what is held, or retained for a time, its successor, in the transaction that settles it. */
@Injectable()
export class Succeed {
  constructor(
    private readonly repository: HeldRepository,
    private readonly sealer: Sealer,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(tx: EntityManager, kept: readonly Kept[]): Promise<void> {
    if (kept.length === 0) return;
    const successors = kept.map(({ tenant, id: of, holdId, retainedUntil, keys, exact }) => {
      const id = this.ids.next();
      const sealedKey = keys === null ? null : this.sealer.seal(keys, keyContext(tenant, id));
      return { tenant, id, of, holdId, retainedUntil, sealedKey, exact };
    });
    await this.repository.succeed(tx, successors, this.clock.now());
    // The hold may have ended since somebody looked at it: whoever releases finds what we add only now.
    const held = kept.filter(({ holdId }) => holdId !== null);
    const tenants = [...new Set(held.map(({ tenant }) => tenant))];
    await this.outbox.add(
      tx,
      tenants.map((tenantId) => holdsOverJob.bell({ tenantId })),
    );
  }

  /** The same for settlements of workers; those of other outcomes have none. */
  async ofSettled(tx: EntityManager, settlements: readonly Settlement[]): Promise<void> {
    const kept = settlements.flatMap((settlement): readonly Kept[] => {
      const { tenant, id, sealedKey, attempts, rows, exact } = settlement.obligation;
      const { holdId, retainedUntil } = endedBy(settlement);
      if (holdId === null && retainedUntil === null) return [];
      const keys = sealedKey === null ? null : this.sealer.open(sealedKey, keyContext(tenant, id));
      return [{ tenant, id, holdId, retainedUntil, keys, exact: exact && rows === 0 && attempts === 1 }];
    });
    await this.execute(tx, kept);
  }
}
