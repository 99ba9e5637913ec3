import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KnownKeys, type Caller } from '#access';
import { DomainError, type TenantId } from '#kernel';
import { EndLog } from '#ledger';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { notOffboarding } from './cancel-offboarding.js';
import { holdsEverything } from './domain/offboarding.js';
import { eraseTenantJob } from './jobs.js';
import { OffboardingRepository } from './offboarding.repository.js';

/** The point of no return: closes the tenant's log and has a worker erase all but the log. */
@Injectable()
export class BeginErasure {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: OffboardingRepository,
    private readonly endLog: EndLog,
    private readonly outbox: Outbox,
    private readonly knownKeys: KnownKeys,
  ) {}

  /**
   * `exportDigest` is that of the last export. Throws DomainError conflict `tenant.not_exported` when it is not,
   * `tenant.changed_since_export` when anything but that export was recorded since, `tenant.not_offboarding` when the
   * tenant is not leaving. Asking again once it has begun is harmless.
   */
  async execute(caller: Caller, exportDigest: string): Promise<void> {
    caller.must('delete', 'Tenant', {});
    const { tenant } = caller;
    await this.transactions.run(tenant, (tx) => this.begin(tx, tenant, exportDigest));
    this.knownKeys.forget();
  }

  private async begin(tx: EntityManager, tenant: TenantId, wanted: string): Promise<void> {
    const { state, exportDigest, exportRevision } = await this.repository.lock(tx, tenant);
    if (state !== 'offboarding' && state !== 'erasing') throw notOffboarding();
    if (exportRevision === null || exportDigest !== wanted) throw notExported();
    await this.outbox.add(tx, [eraseTenantJob.bell({ tenantId: tenant })]);
    if (state === 'erasing') return;
    await this.repository.beginErasure(tx, tenant);
    // The counter is the last lock: whoever had it before is counted, whoever waits for it is refused.
    const { revision } = await this.endLog.close(tx, tenant);
    if (!holdsEverything(exportRevision, revision)) throw changed();
  }
}

function notExported(): DomainError {
  return new DomainError(
    'conflict',
    'tenant.not_exported',
    'this is not the digest of the last export; take one, and keep it',
    { pointer: '/exportDigest' },
  );
}

function changed(): DomainError {
  return new DomainError(
    'conflict',
    'tenant.changed_since_export',
    'something was recorded since the export was taken; take another',
  );
}
