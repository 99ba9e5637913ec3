import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ConsentRepository, decisionRules, type ConsentEvent } from '#consent';
import type { DecisionRules } from '#decisions';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK, IDS } from '#platform/runtime';
import { deadlineOf, ReadPolicy } from '#policy';
import { lostPurposes, type SubjectCause } from './domain/plan.js';
import { PlanObligations } from './plan-obligations.js';

const pageSize = 500;

/** Takes a page of withdrawals that nobody has planned, and finds what each person has lost by now. */
@Injectable()
export class TakeWithdrawals {
  constructor(
    private readonly consent: ConsentRepository,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{
    readonly events: number;
    readonly causes: readonly SubjectCause[];
    readonly policyVersion: number;
  }> {
    const events = await this.consent.unplanned(tx, tenant, pageSize);
    if (events.length === 0) return { events: 0, causes: [], policyVersion: 0 };
    const applied = await this.readPolicy.current(tx, tenant);
    const { version, policy } = applied;
    const now = this.clock.now();
    await this.consent.markPlanned(tx, tenant, numbersOf(events), now);
    const states = await this.consent.states(tx, tenant, [
      ...new Set(events.map(({ subjectRef }) => subjectRef)),
    ]);
    // A purpose granted again before anybody planned is not lost.
    const rules = decisionRules(applied);
    const lostOf = (event: ConsentEvent) =>
      lostPurposes(states.get(event.subjectRef) ?? new Map(), rules, now);
    const causes = lastOfEach(events.filter((event) => touchesLost(rules, event, lostOf(event)))).map(
      (event): SubjectCause => ({
        kind: 'withdrawal',
        id: this.ids.next(),
        subjectRef: event.subjectRef,
        asOf: event.at,
        deadline: deadlineOf(policy, event.at).at,
        lostPurposes: lostOf(event),
      }),
    );
    return { events: events.length, causes, policyVersion: version };
  }
}

/** Turns withdrawals and objections into obligations for signals of which every purpose has lost its basis. */
@Injectable()
export class PlanWithdrawals {
  constructor(
    private readonly transactions: Transactions,
    private readonly takeWithdrawals: TakeWithdrawals,
    private readonly planObligations: PlanObligations,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    for (;;) {
      const taken = await this.transactions.run(tenant, async (tx) => {
        const { events, causes, policyVersion } = await this.takeWithdrawals.execute(tx, tenant);
        await this.planObligations.execute(tx, tenant, causes, policyVersion);
        return events;
      });
      if (taken < pageSize) return;
    }
  }
}

/** Whether a purpose that the event is about, or one that is part of it, is lost. */
function touchesLost(
  { purposes }: DecisionRules,
  { purpose }: ConsentEvent,
  lost: ReadonlySet<string>,
): boolean {
  return [...lost].some((name) => name === purpose || purposes[name]?.within.includes(purpose) === true);
}

function numbersOf(events: readonly ConsentEvent[]): readonly number[] {
  return events.map(({ number }) => number);
}

/** Several withdrawals of one person at once are one cause: all that was lost is the same set for each. */
function lastOfEach(events: readonly ConsentEvent[]): readonly ConsentEvent[] {
  return [...new Map(events.map((event) => [event.subjectRef, event])).values()];
}
