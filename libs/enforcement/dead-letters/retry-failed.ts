import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, isUuid, type Clock, type TenantId } from '#kernel';
import { AppendEntries, Conceal } from '#ledger';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { whyNotClose, whyNotRetry, type Refusal } from '../domain/dead-letter.js';
import { datasetName } from '../domain/plan.js';
import { continueFailedJob } from '../jobs.js';
import { openKeys, type Obligation } from '../obligation.js';
import {
  DeadLettersRepository,
  type LockedLetter,
  type RetriedLetter,
  type RetryScope,
} from './dead-letters.repository.js';

/** Of one call; whoever wants more calls again. */
const mostAtOnce = 10_000;

/** What the log says of dead letters: who dealt with them, but not why in clear. */
@Injectable()
export class RecordDeadLetters {
  constructor(
    private readonly appendEntries: AppendEntries,
    private readonly conceal: Conceal,
    private readonly outbox: Outbox,
  ) {}

  async retried(
    tx: EntityManager,
    tenant: TenantId,
    letters: readonly RetriedLetter[],
    actor: string,
  ): Promise<void> {
    if (letters.length === 0) return;
    await this.outbox.add(tx, [continueFailedJob.bell({ tenantId: tenant })]);
    const by = this.conceal.actor(tenant, actor);
    const entries = letters.map((letter) => ({
      kind: 'obligation.retried' as const,
      ...about(letter),
      data: { ...told(letter), actor: by },
    }));
    await this.appendEntries.execute(tx, tenant, entries);
  }

  async closed(
    tx: EntityManager,
    tenant: TenantId,
    letter: RetriedLetter,
    by: { readonly actor: string; readonly reason: string },
  ): Promise<void> {
    const data = {
      ...told(letter),
      actor: this.conceal.actor(tenant, by.actor),
      reasonDigest: this.conceal.reason(tenant, letter.id, by.reason),
    };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'obligation.closed', ...about(letter), data }]);
  }
}

/** Has what failed done again, once somebody has removed the cause. A worker makes the successors. */
@Injectable()
export class RetryFailed {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeadLettersRepository,
    private readonly record: RecordDeadLetters,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Throws DomainError not_found `obligation.unknown`, and conflict `obligation.not_failed`, `obligation.retried`,
   * `obligation.closed`, or `obligation.no_key` where there is nothing left to select rows by.
   */
  async execute(caller: Caller, id: string): Promise<Obligation> {
    const { tenant, principal } = caller;
    const { actor } = principal;
    return this.transactions.run(tenant, async (tx) => {
      const letter = await lockLetter(this.repository, tx, caller, id);
      const { obligation } = letter;
      refuse(whyNotRetry({ ...obligation, hasSelector: this.hasSelector(tenant, letter) }));
      const at = this.clock.now();
      await this.repository.retry(tx, tenant, id, { actor, at });
      await this.record.retried(tx, tenant, [letterOf(letter)], actor);
      return { ...obligation, retriedAt: at };
    });
  }

  /**
   * Throws DomainError invalid `retry.without_scope` unless a store or an error is named. All that failed in a store, with an error, or both; at most 10,000, and whether there were more. What cannot be retried is
   * left as it is.
   */
  async many(
    caller: Caller,
    scope: RetryScope,
  ): Promise<{ readonly retried: number; readonly more: boolean }> {
    const { tenant, principal } = caller;
    const { actor } = principal;
    caller.mustEver('update', 'Obligation');
    if (scope.store === undefined && scope.error === undefined)
      throw new DomainError(
        'invalid',
        'retry.without_scope',
        'name the store or the error whose cause you have removed',
        { pointer: '' },
      );
    const visible = caller.filter('update', 'Obligation');
    return this.transactions.run(tenant, async (tx) => {
      const wanted = { ...scope, actor, at: this.clock.now(), limit: mostAtOnce };
      const letters = await this.repository.retryMany(tx, tenant, visible, wanted);
      await this.record.retried(tx, tenant, letters, actor);
      return { retried: letters.length, more: letters.length === mostAtOnce };
    });
  }

  private hasSelector(tenant: TenantId, { obligation: { id, cutOff }, sealedKey }: LockedLetter): boolean {
    if (cutOff !== null) return true;
    try {
      return openKeys(this.sealer, { tenant, id, sealedKey }).length > 0;
    } catch {
      return false;
    }
  }
}

/** Gives up what failed, with a reason: nobody retries it any more. */
@Injectable()
export class CloseFailed {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeadLettersRepository,
    private readonly record: RecordDeadLetters,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws as `RetryFailed` does, but for `obligation.no_key`. */
  async execute(caller: Caller, id: string, reason: string): Promise<Obligation> {
    const { tenant, principal } = caller;
    const { actor } = principal;
    return this.transactions.run(tenant, async (tx) => {
      const letter = await lockLetter(this.repository, tx, caller, id);
      refuse(whyNotClose(letter.obligation));
      const closing = { closedBy: actor, closedAt: this.clock.now(), closeReason: reason };
      await this.repository.close(tx, tenant, id, closing);
      await this.record.closed(tx, tenant, letterOf(letter), { actor, reason });
      return { ...letter.obligation, ...closing };
    });
  }
}

async function lockLetter(
  repository: DeadLettersRepository,
  tx: EntityManager,
  caller: Caller,
  id: string,
): Promise<LockedLetter> {
  caller.mustEver('update', 'Obligation');
  const visible = caller.filter('update', 'Obligation');
  const found = isUuid(id) ? await repository.lock(tx, caller.tenant, visible, id) : undefined;
  if (found === undefined)
    throw new DomainError('not_found', 'obligation.unknown', 'no obligation has this id');
  return found;
}

function refuse(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new DomainError('conflict', refusal.code, refusal.message);
}

function letterOf({ obligation, store }: LockedLetter): RetriedLetter {
  return { ...obligation, store };
}

function about({ subjectRef }: RetriedLetter) {
  return subjectRef === null ? {} : { subjectRef };
}

function told({ id, causeKind, causeId, store, dataset, error }: RetriedLetter) {
  return {
    obligation: id,
    cause: causeKind,
    causeId,
    dataset: datasetName({ name: store }, { name: dataset }),
    error,
  };
}
