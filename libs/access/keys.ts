import { Inject, Injectable } from '@nestjs/common';
import { DomainError, isUuid, type Clock, type IdSource, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK, IDS } from '#platform/runtime';
import { AccessRepository } from './access.repository.js';
import type { Role } from './domain/abilities.js';
import { mintKey } from './domain/key.js';

/** What anyone may see of a key: everything but the secret. */
export interface KeyView {
  readonly id: string;
  readonly prefix: string;
  readonly role: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Issues, lists and revokes a tenant's API keys; each change is a ledger entry. */
@Injectable()
export class Keys {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: AccessRepository,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** The answer's `key` is the only copy of the secret. */
  async issue(
    tenant: TenantId,
    input: {
      readonly role: Exclude<Role, 'operator'>;
      readonly name: string;
      readonly expiresAt: Date | null;
    },
  ): Promise<KeyView & { readonly key: string }> {
    const key = mintKey(this.ids);
    const row = {
      id: this.ids.next(),
      tenantId: tenant,
      prefix: key.prefix,
      secretHash: key.secretHash,
      role: input.role,
      name: input.name,
      createdAt: this.clock.now(),
      expiresAt: input.expiresAt,
      revokedAt: null,
    };
    await this.transactions.run(tenant, async (tx) => {
      await this.repository.insertKey(tx, row);
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'key.issued', data: { key: row.id, role: row.role } },
      ]);
    });
    return { ...presentKey(row), key: key.text };
  }

  async list(tenant: TenantId): Promise<readonly KeyView[]> {
    const rows = await this.transactions.run(tenant, (tx) => this.repository.keys(tx, tenant));
    return rows.map(presentKey);
  }

  async revoke(tenant: TenantId, id: string): Promise<void> {
    const unknown = new DomainError('not_found', 'key.unknown', 'no key in force has this id');
    if (!isUuid(id)) throw unknown;
    await this.transactions.run(tenant, async (tx) => {
      if (!(await this.repository.revokeKey(tx, tenant, id, this.clock.now()))) throw unknown;
      await this.appendEntries.execute(tx, tenant, [{ kind: 'key.revoked', data: { key: id } }]);
    });
  }
}

function presentKey(row: KeyView): KeyView {
  const { id, prefix, role, name, createdAt, expiresAt, revokedAt } = row;
  return { id, prefix, role, name, createdAt, expiresAt, revokedAt };
}
