import { Injectable } from '@nestjs/common';
import { DomainError, isUuid, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { BreakGlassRepository, type KeptGrant } from './break-glass.repository.js';
import { approve, end, stateOf, type BreakGlassRole, type BreakGlassState } from './domain/break-glass.js';
import type { Caller } from './domain/caller.js';
import { FindTenant } from './find-tenant.js';
import { RecordBreakGlass } from './record-break-glass.js';

/** An operator's access to a tenant, as both sides see it. */
export type BreakGlassView = KeptGrant & { readonly state: BreakGlassState };

/** Ends an access for either side; whoever calls this has asked whether the caller may. */
@Injectable()
export class EndBreakGlass {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: BreakGlassRepository,
    private readonly record: RecordBreakGlass,
  ) {}

  /** From the commit on no operation begins by it. Throws DomainError not_found `break_glass.unknown`, conflict `break_glass.over`. */
  async execute(tenant: TenantId, id: string, actor: string, now: Date): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      const grant = known(isUuid(id) ? await this.repository.lock(tx, tenant, id) : null);
      const ending = end(grant, actor, now);
      await this.repository.change(tx, tenant, id, ending);
      await this.record.ended(tx, tenant, grant, ending);
    });
  }
}

/**
 * The operators' side; whatever it changes is in the tenant's own log. `named` is the tenant's slug or id: every method
 * throws DomainError not_found `tenant.unknown`, and `break_glass.unknown` for an id that is not one of that tenant's.
 */
@Injectable()
export class OperateBreakGlass {
  constructor(
    private readonly findTenant: FindTenant,
    private readonly transactions: Transactions,
    private readonly repository: BreakGlassRepository,
    private readonly record: RecordBreakGlass,
    private readonly endBreakGlass: EndBreakGlass,
  ) {}

  async request(
    caller: Caller,
    named: string,
    wanted: { readonly role: BreakGlassRole; readonly reason: string; readonly minutes: number },
    made: { readonly id: string; readonly at: Date },
  ): Promise<BreakGlassView> {
    caller.must('create', 'BreakGlass', {});
    const requestedBy = operatorKeyOf(caller);
    const tenant = await this.findTenant.known(named);
    const grant: KeptGrant = {
      id: made.id,
      role: wanted.role,
      reason: wanted.reason,
      minutes: wanted.minutes,
      requestedBy,
      requestedAt: made.at,
      approvedBy: null,
      approvedAt: null,
      endsAt: null,
      endedBy: null,
      endedAt: null,
      uses: 0,
    };
    await this.transactions.run(tenant, async (tx) => {
      await this.repository.insert(tx, tenant, grant);
      await this.record.requested(tx, tenant, grant);
    });
    return present(grant, made.at);
  }

  /** What somebody is asked to approve; so it is for those who may. */
  async find(caller: Caller, named: string, id: string, now: Date): Promise<BreakGlassView> {
    caller.must('update', 'BreakGlass', {});
    operatorKeyOf(caller);
    const tenant = await this.findTenant.known(named);
    const find = () => this.transactions.run(tenant, (tx) => this.repository.find(tx, tenant, id));
    return present(known(isUuid(id) ? await find() : null), now);
  }

  /** In force from now on, for its minutes. Throws as `approve` of the domain does. */
  async approve(caller: Caller, named: string, id: string, now: Date): Promise<BreakGlassView> {
    caller.must('update', 'BreakGlass', {});
    const approvedBy = operatorKeyOf(caller);
    const tenant = await this.findTenant.known(named);
    return this.transactions.run(tenant, async (tx) => {
      const grant = known(isUuid(id) ? await this.repository.lock(tx, tenant, id) : null);
      const approval = approve(grant, approvedBy, now);
      await this.repository.change(tx, tenant, id, approval);
      await this.record.approved(tx, tenant, grant, approval);
      return present({ ...grant, ...approval }, now);
    });
  }

  /** Any operator may, at once. Throws DomainError conflict `break_glass.over`. */
  async end(caller: Caller, named: string, id: string, now: Date): Promise<void> {
    caller.must('delete', 'BreakGlass', {});
    operatorKeyOf(caller);
    await this.endBreakGlass.execute(await this.findTenant.known(named), id, caller.principal.actor, now);
  }
}

/** The tenant's side: sees every access to it, and ends any. */
@Injectable()
export class OverseeBreakGlass {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: BreakGlassRepository,
    private readonly endBreakGlass: EndBreakGlass,
  ) {}

  /** Oldest first, with those that are over. */
  async list(
    caller: Caller,
    page: { readonly after: string | undefined; readonly limit: number },
    now: Date,
  ): Promise<readonly BreakGlassView[]> {
    caller.must('read', 'BreakGlass', {});
    const { tenant } = caller;
    const grants = await this.transactions.run(tenant, (tx) => this.repository.list(tx, tenant, page));
    return grants.map((grant) => present(grant, now));
  }

  /** Throws DomainError not_found `break_glass.unknown`, conflict `break_glass.over`. */
  async end(caller: Caller, id: string, now: Date): Promise<void> {
    caller.must('delete', 'BreakGlass', {});
    await this.endBreakGlass.execute(caller.tenant, id, caller.principal.actor, now);
  }
}

/** Four eyes are told apart by their keys. Throws for a tenant's administrator, who may end an access, but not from here. */
function operatorKeyOf({ principal }: Caller): string {
  const [, key] = /^key:(.+)$/.exec(principal.actor) ?? [];
  if (principal.tenant !== null || key === undefined)
    throw new DomainError('forbidden', 'access.denied', "this needs an operator's key");
  return key;
}

function known(found: KeptGrant | null): KeptGrant {
  if (found === null)
    throw new DomainError('not_found', 'break_glass.unknown', 'no break-glass access has this id');
  return found;
}

function present(grant: KeptGrant, now: Date): BreakGlassView {
  const { id, role, reason, minutes, requestedBy, requestedAt, approvedBy, approvedAt, endsAt } = grant;
  const { endedBy, endedAt, uses } = grant;
  return {
    id,
    role,
    reason,
    minutes,
    state: stateOf(grant, now),
    requestedBy,
    requestedAt,
    approvedBy,
    approvedAt,
    endsAt,
    endedBy,
    endedAt,
    uses,
  };
}
