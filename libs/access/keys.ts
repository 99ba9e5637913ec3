import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, isUuid, type Clock, type IdSource, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK, IDS } from '#platform/runtime';
import { AccessRepository } from './access.repository.js';
import { KnownKeys } from './authenticate-key.js';
import type { Caller } from './domain/caller.js';
import { mintKey } from './domain/key.js';
import type { Scope } from './domain/principal.js';
import type { KeyRole } from './domain/roles.js';
import { KeyUse } from './key-use.js';
import type { ApiKeyRow } from './rows/api-key.row.js';

/** What anyone may see of a key: everything but the secret. */
export interface KeyView {
  readonly id: string;
  readonly prefix: string;
  readonly role: string;
  readonly name: string;
  readonly scope: Scope | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To within ten seconds, where several processes serve. */
  readonly lastUsedAt: Date | null;
  /** The key that takes its place. */
  readonly replacedBy: string | null;
}

/** The answer's `key` is the only copy of the secret. */
export type IssuedKey = KeyView & { readonly key: string };

/** Writes a new key in the caller's transaction. */
@Injectable()
export class MintKey {
  constructor(
    private readonly repository: AccessRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    wanted: Pick<ApiKeyRow, 'role' | 'name' | 'scope' | 'expiresAt'>,
  ): Promise<IssuedKey> {
    const { text, prefix, secretHash } = mintKey(this.ids);
    const row: ApiKeyRow = {
      id: this.ids.next(),
      tenantId: tenant,
      prefix,
      secretHash,
      role: wanted.role,
      name: wanted.name,
      scope: wanted.scope,
      expiresAt: wanted.expiresAt,
      createdAt: this.clock.now(),
      revokedAt: null,
      lastUsedAt: null,
      replacedBy: null,
    };
    await this.repository.insertKey(tx, row);
    return { ...presentKey(row), key: text };
  }
}

/** Lists a tenant's keys, with when each was last used. */
@Injectable()
export class ListKeys {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: AccessRepository,
    private readonly use: KeyUse,
  ) {}

  async execute(
    caller: Caller,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly KeyView[]> {
    caller.must('read', 'Key', {});
    const { tenant } = caller;
    await this.use.flush();
    const rows = await this.transactions.run(tenant, (tx) => this.repository.keys(tx, tenant, page));
    return rows.map(presentKey);
  }
}

/** Issues, rotates and revokes a tenant's API keys; each change is a ledger entry. */
@Injectable()
export class Keys {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: AccessRepository,
    private readonly appendEntries: AppendEntries,
    private readonly mint: MintKey,
    private readonly knownKeys: KnownKeys,
  ) {}

  /** Throws DomainError invalid `key.scope_missing` for a store agent that would see every store. */
  async issue(
    caller: Caller,
    input: {
      readonly role: KeyRole;
      readonly name: string;
      readonly scope: Scope | null;
      readonly expiresAt: Date | null;
    },
  ): Promise<IssuedKey> {
    caller.must('create', 'Key', {});
    const { tenant } = caller;
    if (input.role === 'store_agent' && !narrowsStores(input.scope)) {
      throw new DomainError(
        'invalid',
        'key.scope_missing',
        'the key of a store agent names the stores or regions it is for',
        { pointer: '/scope' },
      );
    }
    return this.transactions.run(tenant, async (tx) => {
      const issued = await this.mint.execute(tx, tenant, input);
      await this.appendEntries.execute(tx, tenant, [
        { kind: 'key.issued', data: { key: issued.id, role: issued.role } },
      ]);
      return issued;
    });
  }

  /**
   * A new key of the same role and scope; the old one works until `now` plus the overlap, or its own expiry if that is
   * sooner. Throws DomainError not_found `key.unknown`, conflict `key.replaced` when that was done before.
   */
  async rotate(
    caller: Caller,
    id: string,
    input: { readonly overlapSeconds: number; readonly now: Date },
  ): Promise<IssuedKey> {
    caller.must('update', 'Key', {});
    const { tenant } = caller;
    const issued = await this.transactions.run(tenant, async (tx) => {
      const old = isUuid(id) ? await this.repository.lockKey(tx, tenant, id) : null;
      if (old === null || (old.expiresAt !== null && old.expiresAt <= input.now)) throw unknownKey();
      if (old.replacedBy !== null)
        throw new DomainError('conflict', 'key.replaced', 'the key was rotated before; rotate its successor');
      const fresh = await this.mint.execute(tx, tenant, old);
      const end = new Date(input.now.getTime() + input.overlapSeconds * 1_000);
      const expiresAt = old.expiresAt === null || old.expiresAt > end ? end : old.expiresAt;
      await this.repository.replaceKey(tx, tenant, id, { replacedBy: fresh.id, expiresAt });
      await this.appendEntries.execute(tx, tenant, [
        {
          kind: 'key.rotated',
          data: { key: id, successor: fresh.id, expiresAt: expiresAt.toISOString() },
        },
      ]);
      return fresh;
    });
    this.knownKeys.forget();
    return issued;
  }

  /** At once in this process; within `keyStaleness` in any other. */
  async revoke(caller: Caller, id: string, now: Date): Promise<void> {
    caller.must('delete', 'Key', {});
    const { tenant } = caller;
    if (!isUuid(id)) throw unknownKey();
    await this.transactions.run(tenant, async (tx) => {
      if (!(await this.repository.revokeKey(tx, tenant, id, now))) throw unknownKey();
      await this.appendEntries.execute(tx, tenant, [{ kind: 'key.revoked', data: { key: id } }]);
    });
    this.knownKeys.forget();
  }
}

function unknownKey(): DomainError {
  return new DomainError('not_found', 'key.unknown', 'no key in force has this id');
}

function narrowsStores(scope: Scope | null): boolean {
  return scope?.stores !== undefined || scope?.regions !== undefined;
}

function presentKey(row: KeyView): KeyView {
  const { id, prefix, role, name, scope, createdAt, expiresAt, revokedAt, lastUsedAt, replacedBy } = row;
  return { id, prefix, role, name, scope, createdAt, expiresAt, revokedAt, lastUsedAt, replacedBy };
}
