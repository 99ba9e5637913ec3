import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import type { Clock } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy } from '#policy';
import { namedSubject, ResolveSubjects, unknownSubject } from '#subjects';
import { ConsentRepository } from './consent.repository.js';
import { decisionRules } from './domain/decision-rules.js';
import { explain, type Explanation } from './domain/explain.js';
import { reachesConsents } from './read-consents.js';

/** What a person is told in. */
export interface ExplainOptions {
  /** Where they are; by default where they were said to be. */
  readonly jurisdiction?: string | undefined;
  /** The language of the notices (BCP 47). */
  readonly language?: string | undefined;
}

/** Tells why each purpose may or may not be used of one person, in words for the person. */
@Injectable()
export class ExplainDecisions {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ConsentRepository,
    private readonly resolve: ResolveSubjects,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Only of purposes that the caller may see. Throws DomainError not_found `subject.unknown`, as ReadConsents does. */
  async execute(
    caller: Caller,
    named: string,
    { jurisdiction, language }: ExplainOptions,
  ): Promise<{ readonly policyVersion: number; readonly purposes: readonly Explanation[] }> {
    const { tenant } = caller;
    const ref = namedSubject(caller, named);
    const found =
      ref === undefined || !reachesConsents(caller, ref)
        ? undefined
        : await this.transactions.run(tenant, async (tx) => {
            const standing = await this.resolve.standing(tx, tenant, ref);
            if (standing === undefined) return undefined;
            const policy = await this.readPolicy.current(tx, tenant);
            const consents = (await this.repository.states(tx, tenant, [ref])).get(ref) ?? new Map();
            return { standing, policy, consents };
          });
    if (ref === undefined || found === undefined) throw unknownSubject();
    const { standing, policy, consents } = found;
    const state = {
      revision: 0,
      rules: decisionRules(policy),
      subjectKnown: true,
      suppressed: standing.suppressed,
      consents,
    };
    const asked = { jurisdiction: jurisdiction ?? standing.jurisdiction ?? undefined, language };
    const purposes = explain(policy.policy, state, asked, this.clock.now());
    return {
      policyVersion: policy.version,
      purposes: purposes.filter(({ purpose }) => caller.may('read', 'Consent', { subjectRef: ref, purpose })),
    };
  }
}
