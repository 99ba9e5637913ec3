import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { canonicalJson, type Clock } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { parsePolicy } from './domain/parse-policy.js';
import type { AppliedPolicy } from './domain/policy.js';
import { PoliciesRepository } from './policies.repository.js';

/** Puts a policy document in force as the tenant's next version. */
@Injectable()
export class ApplyPolicy {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PoliciesRepository,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws DomainError invalid `policy.invalid` with every fault; then nothing was written. */
  async execute(caller: Caller, text: string): Promise<AppliedPolicy> {
    caller.must('update', 'Policy', {});
    const { tenant } = caller;
    const policy = parsePolicy(text);
    const digest = createHash('sha256').update(canonicalJson(policy)).digest('base64');
    return this.transactions.run(tenant, async (tx) => {
      const version = ((await this.repository.current(tx, tenant))?.version ?? 0) + 1;
      const applied = { version, policy };
      await this.repository.insert(tx, tenant, applied, digest, this.clock.now());
      await this.appendEntries.execute(tx, tenant, [{ kind: 'policy.applied', data: { version, digest } }]);
      return applied;
    });
  }
}
