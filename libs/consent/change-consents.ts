import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ConsentState } from '#decisions';
import type { Clock, SubjectRef, TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy, type AppliedPolicy } from '#policy';
import { AppendConsents } from './append-consents.js';
import { ConsentRepository } from './consent.repository.js';
import type { NewConsentEvent } from './domain/consent.js';
import { formatRevision } from './domain/revision.js';

/** How things stand while nobody else can change them. */
export interface ConsentFacts {
  readonly policy: AppliedPolicy | undefined;
  /** By subject and purpose. */
  readonly states: ReadonlyMap<SubjectRef, ReadonlyMap<string, ConsentState>>;
  readonly now: Date;
}

/** Changes consents by what they are: read, judged and written under the tenant's counter. */
@Injectable()
export class ChangeConsents {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly append: AppendConsents,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Appends what `derive` makes of the states of these people; answers the revision, or null where that is nothing. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
    derive: (facts: ConsentFacts) => readonly NewConsentEvent[],
  ): Promise<string | null> {
    const policy = await this.readPolicy.find(tx, tenant);
    await this.repository.lockStates(tx, tenant);
    const states = await this.repository.states(tx, tenant, refs);
    const now = this.clock.now();
    const events = derive({ policy, states, now });
    if (events.length === 0) return null;
    const stamp = { at: now, policyVersion: policy?.version ?? null };
    const { first, epoch } = await this.append.execute(tx, tenant, stamp, events);
    return formatRevision({ epoch, number: first + events.length - 1 });
  }
}
