import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { SuppressSubjects } from '#subjects';
import { LanesRepository, type Lease } from '../lanes.repository.js';
import { openKeys } from '../obligation.js';
import { ReadWarrants, type WarrantedObligation } from '../take-batch.js';
import { ClaimReadBacks } from './claim-read-backs.js';
import type { DueReadBack } from './read-backs.repository.js';

/** What is looked for again, and by which of its keys. */
export interface SoughtWork extends WarrantedObligation {
  readonly tries: number;
  readonly keys: readonly string[];
}

/** What one pass over a lane is about to read back again. */
export interface ReadBackBatch {
  readonly sought: readonly SoughtWork[];
  /** Their keys cannot be opened, so nobody knows what to look for. */
  readonly unreadable: readonly DueReadBack[];
  /** Nobody is to look any more. */
  readonly superseded: readonly DueReadBack[];
}

/**
 * Takes what is due, and re-reads what it rests on. Of a withdrawal only what is still lost is looked for. Who registered anew
 * after a deletion is no longer suppressed: what is there now is theirs to have, and nobody looks for it.
 */
@Injectable()
export class TakeReadBacks {
  constructor(
    private readonly lanes: LanesRepository,
    private readonly claim: ClaimReadBacks,
    private readonly warrants: ReadWarrants,
    private readonly suppress: SuppressSubjects,
    private readonly sealer: Sealer,
  ) {}

  /** Undefined when nothing is due or the lane is no longer ours. */
  async execute(tx: EntityManager, lease: Lease, now: Date): Promise<ReadBackBatch | undefined> {
    if (!(await this.lanes.holds(tx, lease))) return undefined;
    const due = await this.claim.execute(tx, lease.laneId, now);
    if (due.length === 0) return undefined;
    const claimed = due.map(({ obligation }) => obligation);
    const { warranted } = await this.warrants.warranted(tx, lease.laneId, claimed);
    const warrants = new Map(warranted.map((one) => [one.obligation.id, one]));
    const { sought, unreadable } = this.open(due, warrants);
    const still = await this.stillSuppressed(tx, sought);
    const looked = new Set([...still, ...unreadable].map(({ obligation }) => obligation.id));
    return {
      sought: still,
      unreadable,
      superseded: due.filter(({ obligation }) => !looked.has(obligation.id)),
    };
  }

  private open(due: readonly DueReadBack[], warrants: ReadonlyMap<string, WarrantedObligation>) {
    const sought: SoughtWork[] = [];
    const unreadable: DueReadBack[] = [];
    for (const one of due) {
      const warrant = warrants.get(one.obligation.id);
      if (warrant === undefined) continue;
      try {
        sought.push({ ...warrant, tries: one.tries, keys: openKeys(this.sealer, one.obligation) });
      } catch {
        unreadable.push(one);
      }
    }
    return { sought, unreadable };
  }

  private async stillSuppressed(tx: EntityManager, sought: readonly SoughtWork[]) {
    const still: SoughtWork[] = [];
    for (const [tenant, own] of Map.groupBy(sought, ({ obligation }) => obligation.tenant)) {
      const suppressed = await this.suppressedKeys(tx, tenant, own);
      for (const one of own) {
        const type = identifierOf(one);
        const keys =
          one.obligation.causeKind === 'withdrawal'
            ? one.keys
            : one.keys.filter((key) => suppressed.has(`${type} ${key}`));
        if (keys.length > 0) still.push({ ...one, keys });
      }
    }
    return still;
  }

  private async suppressedKeys(tx: EntityManager, tenant: TenantId, sought: readonly SoughtWork[]) {
    const identifiers = sought.flatMap((one) =>
      one.keys.map((value) => ({ type: identifierOf(one), value })),
    );
    const suppressed = await this.suppress.among(tx, tenant, identifiers);
    return new Set(
      identifiers.filter((_, index) => suppressed.has(index)).map(({ type, value }) => `${type} ${value}`),
    );
  }
}

/** By which type of identifier people are known in the dataset. */
function identifierOf({ obligation, store }: SoughtWork): string {
  return store.datasets.find(({ name }) => name === obligation.dataset)?.identifier ?? '';
}
