import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject, TenantId } from '#kernel';
import { AppendEntries, Conceal } from '#ledger';
import type { Approval, BreakGlassGrant, Ending } from './domain/break-glass.js';

type Kind = 'break_glass.requested' | 'break_glass.approved' | 'break_glass.used' | 'break_glass.ended';

/** Writes into the tenant's log what operators do with their access to it. */
@Injectable()
export class RecordBreakGlass {
  constructor(
    private readonly appendEntries: AppendEntries,
    private readonly conceal: Conceal,
  ) {}

  async requested(tx: EntityManager, tenant: TenantId, grant: BreakGlassGrant): Promise<void> {
    const { id, role, minutes, requestedBy: by } = grant;
    const reasonDigest = this.digest(tenant, grant);
    await this.append(tx, tenant, 'break_glass.requested', { grant: id, role, minutes, by, reasonDigest });
  }

  async approved(
    tx: EntityManager,
    tenant: TenantId,
    grant: BreakGlassGrant,
    { approvedBy: by, endsAt }: Approval,
  ): Promise<void> {
    const reasonDigest = this.digest(tenant, grant);
    const data = { grant: grant.id, by, endsAt: endsAt.toISOString(), reasonDigest };
    await this.append(tx, tenant, 'break_glass.approved', data);
  }

  /** `operation` is a method and the pattern of a route, never its values. */
  async used(tx: EntityManager, tenant: TenantId, grant: BreakGlassGrant, operation: string): Promise<void> {
    await this.append(tx, tenant, 'break_glass.used', { grant: grant.id, operation });
  }

  async ended(
    tx: EntityManager,
    tenant: TenantId,
    grant: BreakGlassGrant,
    { endedBy }: Ending,
  ): Promise<void> {
    const by = this.conceal.actor(tenant, endedBy);
    const reasonDigest = this.digest(tenant, grant);
    await this.append(tx, tenant, 'break_glass.ended', { grant: grant.id, by, reasonDigest });
  }

  private digest(tenant: TenantId, { id, reason }: BreakGlassGrant): string {
    return this.conceal.reason(tenant, id, reason);
  }

  private async append(tx: EntityManager, tenant: TenantId, kind: Kind, data: JsonObject): Promise<void> {
    await this.appendEntries.execute(tx, tenant, [{ kind, data }]);
  }
}
