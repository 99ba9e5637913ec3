import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { Transactions } from '#platform/database';
import { BacklogRepository, type Backlog } from './lanes/backlog.repository.js';
import { ObligationPagesRepository, type ObligationPage } from './obligation-pages.repository.js';
import type { Obligation } from './obligation.js';

/** Open and settled work, for privacy officers and auditors. */
@Injectable()
export class ReadObligations {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ObligationPagesRepository,
    private readonly backlogs: BacklogRepository,
  ) {}

  async page(caller: Caller, wanted: ObligationPage): Promise<readonly Obligation[]> {
    const { tenant } = caller;
    const visible = caller.filter('read', 'Obligation');
    return this.transactions.run(tenant, (tx) => this.repository.page(tx, tenant, visible, wanted));
  }

  /** For the metrics of a worker: it sees every tenant. What waits for a legal hold is neither open nor late. */
  async backlog(now: Date): Promise<Backlog> {
    return this.transactions.run(null, (tx) => this.backlogs.read(tx, now));
  }
}
