import { Inject, Injectable } from '@nestjs/common';
import { DomainError, isUuid, type Clock, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { BreakGlassRepository } from './break-glass.repository.js';
import { isInForce, type BreakGlassRole } from './domain/break-glass.js';
import type { TenantState } from './domain/principal.js';
import { FindTenant } from './find-tenant.js';
import { RecordBreakGlass } from './record-break-glass.js';

/** What an operator is for one operation. */
export interface UsedBreakGlass {
  readonly tenant: TenantId;
  readonly tenantState: TenantState;
  readonly role: BreakGlassRole;
}

/** Lets an operator into a tenant for one operation, which is in the tenant's log before it begins. */
@Injectable()
export class UseBreakGlass {
  constructor(
    private readonly findTenant: FindTenant,
    private readonly transactions: Transactions,
    private readonly repository: BreakGlassRepository,
    private readonly record: RecordBreakGlass,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * `operatorActor` is `key:<id>`, `named` the tenant's slug or id, `operation` a method and the pattern of a route.
   * Throws DomainError forbidden `break_glass.not_in_force`, the same whatever is not as it should be.
   */
  async execute(
    operatorActor: string,
    named: string,
    id: string,
    operation: string,
  ): Promise<UsedBreakGlass> {
    const found = isUuid(id) ? await this.findTenant.execute(named) : undefined;
    if (found === undefined) throw notInForce();
    const { tenant, state } = found;
    const role = await this.transactions.run(tenant, async (tx) => {
      const grant = await this.repository.lock(tx, tenant, id);
      // The time is read under the lock: a wait for it must not stretch the access.
      if (grant === null || !isInForce(grant, operatorActor.replace(/^key:/, ''), this.clock.now()))
        throw notInForce();
      await this.repository.change(tx, tenant, id, { uses: grant.uses + 1 });
      await this.record.used(tx, tenant, grant, operation);
      return grant.role;
    });
    return { tenant, tenantState: state, role };
  }
}

function notInForce(): DomainError {
  return new DomainError(
    'forbidden',
    'break_glass.not_in_force',
    'no break-glass access of this operator to this tenant is in force under this id',
  );
}
