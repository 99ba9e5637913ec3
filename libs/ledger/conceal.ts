import { Injectable } from '@nestjs/common';
import type { TenantId } from '#kernel';
import { KeyedHash } from '#platform/crypto';

/**
 * What a tenant's log, which the public may read, says of those who act and of what they write. Without the master key
 * nobody can tell by guessing; the tenant has the full text in its tables.
 */
@Injectable()
export class Conceal {
  constructor(private readonly hash: KeyedHash) {}

  /** Keys stand as they are. A token's actor can be guessed from its `sub`, so that part is replaced, always by the same. */
  actor(tenant: TenantId, actor: string): string {
    const [, issuer] = /^(token:[^:]+):/.exec(actor) ?? [];
    if (issuer === undefined) return actor;
    return `${issuer}:${this.hash.of(tenant, 'ledger/actor', actor).toString('hex').slice(0, 16)}`;
  }

  /** 64 hex digits; equal reasons of two rows differ. */
  reason(tenant: TenantId, id: string, reason: string): string {
    return this.hash.of(tenant, 'ledger/reason', id, reason).toString('hex');
  }
}
