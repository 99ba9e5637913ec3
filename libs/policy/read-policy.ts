import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import type { AppliedPolicy } from './domain/policy.js';
import { PoliciesRepository } from './policies.repository.js';

/** Versions never change once applied, so a few thousand of them are remembered. */
const remembered = 2_000;

/** The policy in force, or as it was in some version. */
@Injectable()
export class ReadPolicy {
  private readonly versions = new Map<string, AppliedPolicy>();

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PoliciesRepository,
  ) {}

  async current(tx: EntityManager, tenant: TenantId): Promise<AppliedPolicy> {
    const applied = await this.repository.current(tx, tenant);
    if (applied === undefined)
      throw new DomainError('conflict', 'policy.missing', 'apply a policy first (PUT /v1/policy)');
    return applied;
  }

  async inForce(caller: Caller): Promise<AppliedPolicy> {
    caller.must('read', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, (tx) => this.current(tx, tenant));
  }

  async version(tenant: TenantId, version: number): Promise<AppliedPolicy> {
    const key = `${tenant}/${version}`;
    const known = this.versions.get(key);
    if (known !== undefined) return known;
    const applied = await this.transactions.run(tenant, (tx) => this.repository.version(tx, tenant, version));
    if (applied === undefined)
      throw new DomainError('not_found', 'policy.unknown_version', `there is no policy version ${version}`);
    const [oldest] = this.versions.keys();
    if (this.versions.size >= remembered && oldest !== undefined) this.versions.delete(oldest);
    this.versions.set(key, applied);
    return applied;
  }
}
