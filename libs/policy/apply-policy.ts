import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { canonicalJson, type Clock } from '#kernel';
import { AppendEntries } from '#ledger';
import { CLOCK } from '#platform/runtime';
import type { PolicyFile } from './domain/compose-policy.js';
import type { Policy } from './domain/policy.js';
import { PoliciesRepository, type PolicyVersion } from './policies.repository.js';

/** A policy to be applied. */
export interface PolicyToApply {
  readonly policy: Policy;
  /** What it was made from. */
  readonly files: readonly PolicyFile[];
  /** Null: at once. A moment that has passed is at once as well. */
  readonly effectiveAt: Date | null;
  /** The digest of the plan that was shown, for the ledger; null where a policy is put in force without one. */
  readonly planDigest: string | null;
}

/** Makes a policy the tenant's next version, in the caller's transaction. Whether it may be is the plan's business. */
@Injectable()
export class ApplyPolicy {
  constructor(
    private readonly repository: PoliciesRepository,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tx: EntityManager, caller: Caller, given: PolicyToApply): Promise<PolicyVersion> {
    caller.must('update', 'Policy', {});
    const { tenant, principal } = caller;
    const { policy, files, planDigest } = given;
    const digest = digestOf(policy);
    const appliedAt = this.clock.now();
    const effectiveAt =
      given.effectiveAt !== null && given.effectiveAt > appliedAt ? given.effectiveAt : null;
    const version = ((await this.repository.latest(tx, tenant))?.version ?? 0) + 1;
    const applied = { version, digest, appliedAt, effectiveAt, actor: principal.actor };
    await this.repository.insert(tx, tenant, { ...applied, policy, files });
    const data = { version, digest, effectiveAt: effectiveAt?.toISOString() ?? null, plan: planDigest };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'policy.applied', data }]);
    return applied;
  }
}

/** base64(SHA-256) of the policy as canonical JSON (RFC 8785). */
export function digestOf(policy: Policy): string {
  return createHash('sha256').update(canonicalJson(policy)).digest('base64');
}
