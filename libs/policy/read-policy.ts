import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import type { AppliedPolicy, Purpose } from './domain/policy.js';
import { PoliciesRepository, type PolicyVersion, type StoredPolicy } from './policies.repository.js';

/** Versions never change once applied, so a few thousand of them are remembered. */
const remembered = 2_000;
const mostListed = 1_000;

/** The policy in force, or as it was in some version. */
@Injectable()
export class ReadPolicy {
  private readonly versions = new Map<string, AppliedPolicy>();

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PoliciesRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws DomainError conflict `policy.missing` before the first has taken effect. */
  async current(tx: EntityManager, tenant: TenantId): Promise<AppliedPolicy> {
    const applied = await this.find(tx, tenant);
    if (applied === undefined)
      throw new DomainError('conflict', 'policy.missing', 'no policy is in force yet: plan and apply one');
    return applied;
  }

  async find(tx: EntityManager, tenant: TenantId): Promise<AppliedPolicy | undefined> {
    const version = await this.repository.inForce(tx, tenant, this.clock.now());
    return version === undefined ? undefined : this.pinned(tx, tenant, version);
  }

  /** The version that some work was planned under. */
  async pinned(tx: EntityManager, tenant: TenantId, version: number): Promise<AppliedPolicy> {
    return this.remembered(tenant, version, () => this.repository.version(tx, tenant, version));
  }

  async inForce(caller: Caller): Promise<AppliedPolicy> {
    caller.must('read', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, (tx) => this.current(tx, tenant));
  }

  /** Newest first, with the version that is in force, if any is. */
  async history(
    caller: Caller,
  ): Promise<{ readonly versions: readonly PolicyVersion[]; readonly inForce: number | null }> {
    caller.must('read', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => ({
      versions: await this.repository.history(tx, tenant, mostListed),
      inForce: (await this.find(tx, tenant))?.version ?? null,
    }));
  }

  /** A version with everything it was made from. Throws DomainError not_found `policy.unknown_version`. */
  async stored(caller: Caller, version: number): Promise<StoredPolicy & { readonly inForce: boolean }> {
    caller.must('read', 'Policy', {});
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const found = isVersion(version) ? await this.repository.version(tx, tenant, version) : undefined;
      if (found === undefined) throw unknownVersion(version);
      return { ...found, inForce: (await this.find(tx, tenant))?.version === version };
    });
  }

  /** The notices of every version that was ever applied, as `purpose version`: a device may have shown an older one. */
  async notices(tenant: TenantId): Promise<ReadonlySet<string>> {
    return this.transactions.run(tenant, async (tx) => {
      const known = new Set<string>();
      for (const { version } of await this.repository.history(tx, tenant, mostListed)) {
        const { policy } = await this.pinned(tx, tenant, version);
        for (const [purpose, { notice }] of Object.entries(policy.purposes))
          if (notice !== undefined) known.add(`${purpose} ${notice.version}`);
      }
      return known;
    });
  }

  /** A notice of a purpose by its version, as the latest policy that had it has it; undefined for one that never was. */
  async notice(
    tx: EntityManager,
    tenant: TenantId,
    purpose: string,
    wanted: string,
  ): Promise<Purpose['notice']> {
    for (const { version } of await this.repository.history(tx, tenant, mostListed)) {
      const { purposes } = (await this.pinned(tx, tenant, version)).policy;
      const notice = Object.hasOwn(purposes, purpose) ? purposes[purpose]?.notice : undefined;
      if (notice?.version === wanted) return notice;
    }
    return undefined;
  }

  /** The policy that was in force at each moment, or the first where there was none yet; undefined when there never was any. */
  async asOf(
    tx: EntityManager,
    tenant: TenantId,
    moments: readonly Date[],
  ): Promise<readonly (AppliedPolicy | undefined)[]> {
    const versions = await this.repository.history(tx, tenant, mostListed);
    const policies: (AppliedPolicy | undefined)[] = [];
    for (const moment of moments) {
      const then = versions.find(({ effectiveAt, appliedAt }) => (effectiveAt ?? appliedAt) <= moment);
      const found = then ?? versions.at(-1);
      policies.push(found && (await this.pinned(tx, tenant, found.version)));
    }
    return policies;
  }

  /** A version that was read before; undefined means: `version`. */
  known(tenant: TenantId, version: number): AppliedPolicy | undefined {
    return this.versions.get(keyOf(tenant, version));
  }

  async version(tenant: TenantId, version: number): Promise<AppliedPolicy> {
    return this.remembered(tenant, version, () =>
      this.transactions.run(tenant, (tx) => this.repository.version(tx, tenant, version)),
    );
  }

  private async remembered(
    tenant: TenantId,
    version: number,
    read: () => Promise<AppliedPolicy | undefined>,
  ): Promise<AppliedPolicy> {
    const key = keyOf(tenant, version);
    const known = this.versions.get(key);
    if (known !== undefined) return known;
    const found = await read();
    if (found === undefined) throw unknownVersion(version);
    const [oldest] = this.versions.keys();
    if (this.versions.size >= remembered && oldest !== undefined) this.versions.delete(oldest);
    const applied = { version, policy: found.policy };
    this.versions.set(key, applied);
    return applied;
  }
}

function keyOf(tenant: TenantId, version: number): string {
  return `${tenant}/${version}`;
}

/** A number that a version can have: PostgreSQL's integer. */
function isVersion(version: number): boolean {
  return Number.isInteger(version) && version > 0 && version < 2 ** 31;
}

function unknownVersion(version: number): DomainError {
  return new DomainError('not_found', 'policy.unknown_version', `there is no policy version ${version}`);
}
