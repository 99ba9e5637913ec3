import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy } from '#policy';
import { identifierKey, ResolveSubjects, type Identifier } from '#subjects';
import { ConsentRepository, type DecisionSnapshot } from './consent.repository.js';
import { decide, type Decision, type DecisionState } from './domain/decide.js';
import { parseRevision } from './domain/revision.js';

/** A question as a personalisation service asks it. */
export interface DecisionInput {
  readonly subject: Identifier;
  readonly purpose: string;
  readonly optOutSignal: boolean;
  /** The token of a write that the answer must know of. */
  readonly revision?: string;
}

/** An answer; `epoch` goes with its revision. */
export type AnsweredDecision = Decision & { readonly epoch: number | null };

/** Answers decisions from one prepared read; writes nothing and opens no transaction. */
@Injectable()
export class AnswerQuestion {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly resolve: ResolveSubjects,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never throws for want of a database: then it denies. A revision of another epoch or of the future is refused. */
  async execute(caller: Caller, input: DecisionInput): Promise<AnsweredDecision> {
    const { purpose, subject } = input;
    caller.must('read', 'Decision', { purpose, identifier: identifierKey(subject) });
    const { tenant } = caller;
    const wanted = input.revision === undefined ? undefined : parseRevision(input.revision);
    const key = this.resolve.lookUpKey(tenant, subject);
    const now = this.clock.now();
    const snapshot = await this.read(tenant, key, purpose, now);
    if (
      wanted !== undefined &&
      snapshot !== undefined &&
      (wanted.epoch !== snapshot.epoch || wanted.number > snapshot.revision)
    ) {
      throw new DomainError('invalid', 'revision.unknown', 'this tenant never answered that revision', {
        pointer: '/revision',
      });
    }
    const question = { purpose, optOutSignal: input.optOutSignal, atLeast: wanted?.number };
    return { ...decide(snapshot, question, now), epoch: snapshot?.epoch ?? null };
  }

  private async read(
    tenant: TenantId,
    key: { readonly type: string; readonly hash: Buffer },
    purpose: string,
    at: Date,
  ): Promise<(DecisionState & Pick<DecisionSnapshot, 'epoch'>) | undefined> {
    try {
      const snapshot = await this.repository.snapshot(tenant, key, purpose, at);
      if (snapshot === undefined) return undefined;
      const { policyVersion, ...rest } = snapshot;
      const policy =
        policyVersion === undefined ? undefined : await this.readPolicy.version(tenant, policyVersion);
      return { ...rest, policy };
    } catch {
      // Unknown means deny: whatever kept us from reading the state, the answer says so and nothing is allowed.
      return undefined;
    }
  }
}
