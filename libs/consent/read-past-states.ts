import { Injectable } from '@nestjs/common';
import type { PastState } from '#decisions';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ReadPolicy } from '#policy';
import { decisionRules } from './domain/decision-rules.js';
import { stateAt } from './domain/state-at.js';
import { HistoryRepository } from './history.repository.js';

/** What held of people at earlier moments, worked out from their history: the slow path of decisions. */
@Injectable()
export class ReadPastStates {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: HistoryRepository,
    private readonly readPolicy: ReadPolicy,
  ) {}

  /** One for each, in order; undefined where there was never a policy. Rejects when the database does not answer. */
  async execute(
    tenant: TenantId,
    asked: readonly { readonly ref: SubjectRef; readonly moment: Date }[],
  ): Promise<readonly (PastState | undefined)[]> {
    return this.transactions.run(tenant, async (tx) => {
      const moments = asked.map(({ moment }) => moment);
      const policies = await this.readPolicy.asOf(tx, tenant, moments);
      const events = await this.repository.until(tx, tenant, asked);
      return moments.map((moment, index) => {
        const policy = policies[index];
        return policy && { rules: decisionRules(policy), consents: stateAt(events[index] ?? [], moment) };
      });
    });
  }
}
