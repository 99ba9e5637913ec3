import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { DomainError, isUuid, type Clock } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { holdState, type Hold, type HoldState } from '../domain/hold.js';
import { HoldsRepository, type HoldPage } from './holds.repository.js';

/** A hold as it stands now. */
export type HoldView = Hold & { readonly state: HoldState };

/** Who holds what, why and until when: active, lifted and ended. */
@Injectable()
export class ReadHolds {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: HoldsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async page(caller: Caller, wanted: HoldPage): Promise<readonly HoldView[]> {
    caller.must('read', 'Hold', {});
    const { tenant } = caller;
    const now = this.clock.now();
    const holds = await this.transactions.run(tenant, (tx) => this.repository.page(tx, tenant, wanted, now));
    return holds.map((hold) => viewOf(hold, now));
  }

  /** Throws DomainError not_found `hold.unknown`. */
  async find(caller: Caller, id: string): Promise<HoldView> {
    caller.must('read', 'Hold', {});
    const { tenant } = caller;
    const find = () => this.transactions.run(tenant, (tx) => this.repository.find(tx, tenant, id));
    return viewOf(known(isUuid(id) ? await find() : undefined), this.clock.now());
  }
}

export function known(found: Hold | undefined): Hold {
  if (found === undefined) throw new DomainError('not_found', 'hold.unknown', 'no hold has this id');
  return found;
}

export function viewOf(hold: Hold, now: Date): HoldView {
  return { ...hold, state: holdState(hold, now) };
}
