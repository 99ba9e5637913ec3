import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, isUuid, type Clock, type TenantId } from '#kernel';
import { AppendEntries, Conceal } from '#ledger';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { holdState, type Hold } from '../domain/hold.js';
import { HoldsRepository } from './holds.repository.js';
import { holdsOverJob } from './jobs.js';
import { known, viewOf, type HoldView } from './read-holds.js';

/** What the log says of holds: what they cover, but not whom, and not why. */
@Injectable()
export class RecordHolds {
  constructor(
    private readonly appendEntries: AppendEntries,
    private readonly conceal: Conceal,
    private readonly outbox: Outbox,
  ) {}

  async placed(tx: EntityManager, tenant: TenantId, hold: Hold): Promise<void> {
    const { id, basis, scope, placedBy, until, matter, reason } = hold;
    const { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil } = scope;
    const data = {
      hold: id,
      basis,
      scope: {
        subjects: subjectRefs.length,
        stores,
        datasets,
        categories,
        purposes,
        collectedFrom: collectedFrom?.toISOString() ?? null,
        collectedUntil: collectedUntil?.toISOString() ?? null,
      },
      until: until?.toISOString() ?? null,
      actor: this.conceal.actor(tenant, placedBy),
      matterDigest: this.conceal.reason(tenant, `${id}/matter`, matter),
      reasonDigest: this.conceal.reason(tenant, id, reason),
    };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'hold.placed', data }]);
  }

  async lifted(
    tx: EntityManager,
    tenant: TenantId,
    lifting: { readonly id: string; readonly actor: string; readonly reason: string },
  ): Promise<void> {
    const { id, actor, reason } = lifting;
    const data = {
      hold: id,
      actor: this.conceal.actor(tenant, actor),
      reasonDigest: this.conceal.reason(tenant, `${id}/lifted`, reason),
    };
    await this.outbox.add(tx, [holdsOverJob.bell({ tenantId: tenant })]);
    await this.appendEntries.execute(tx, tenant, [{ kind: 'hold.lifted', data }]);
  }

  async ended(tx: EntityManager, tenant: TenantId, ids: readonly string[]): Promise<void> {
    const entries = ids.map((hold) => ({ kind: 'hold.ended' as const, data: { hold } }));
    if (entries.length > 0) await this.appendEntries.execute(tx, tenant, entries);
  }
}

/** Ends a hold before its date, or one without a date. What it alone held resumes by itself. */
@Injectable()
export class LiftHold {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: HoldsRepository,
    private readonly record: RecordHolds,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws DomainError not_found `hold.unknown`, and conflict `hold.over` for one that is lifted or has ended. */
  async execute(caller: Caller, id: string, reason: string): Promise<HoldView> {
    caller.must('update', 'Hold', {});
    const { tenant, principal } = caller;
    const { actor } = principal;
    return this.transactions.run(tenant, async (tx) => {
      const hold = known(isUuid(id) ? await this.repository.lock(tx, tenant, id) : undefined);
      const now = this.clock.now();
      const state = holdState(hold, now);
      if (state !== 'active')
        throw new DomainError('conflict', 'hold.over', `this hold is ${state} already: it holds nothing`);
      const lifting = { liftedBy: actor, liftedAt: now, liftReason: reason };
      await this.repository.lift(tx, tenant, id, lifting);
      await this.record.lifted(tx, tenant, { id, actor, reason });
      return viewOf({ ...hold, ...lifting }, now);
    });
  }
}
