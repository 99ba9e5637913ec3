import { Inject, Injectable } from '@nestjs/common';
import { Caller, type Authenticated } from '#access';
import type { Clock } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { Disclosures, identifierKey, ResolveSubjects, type Identifier } from '#subjects';

/** Completes a caller whose abilities depend on people: a person by themself, support by who was disclosed to it. */
@Injectable()
export class KnowPerson {
  constructor(
    private readonly transactions: Transactions,
    private readonly resolve: ResolveSubjects,
    private readonly disclosures: Disclosures,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ caller, identifier }: Authenticated): Promise<Caller> {
    if (identifier !== null) return this.byIdentifier(caller, identifier);
    return isComplete(caller) ? caller : this.byDisclosures(caller);
  }

  private async byIdentifier({ principal, tenant }: Caller, identifier: Identifier): Promise<Caller> {
    const subjectRef = await this.transactions.run(tenant, (tx) => this.resolve.find(tx, tenant, identifier));
    const person = { identifier: identifierKey(identifier), subjectRef: subjectRef ?? null };
    return new Caller({ ...principal, person });
  }

  private async byDisclosures({ principal, tenant }: Caller): Promise<Caller> {
    const now = this.clock.now();
    const disclosed = await this.transactions.run(tenant, (tx) =>
      this.disclosures.current(tx, tenant, principal.actor, now),
    );
    return new Caller({ ...principal, disclosed });
  }
}

/** Whether what a caller with a key may do is known from the key alone. */
export function isComplete({ principal }: Caller): boolean {
  return !principal.roles.includes('support');
}
