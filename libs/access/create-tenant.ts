import { Injectable } from '@nestjs/common';
import type { TenantId } from '#kernel';
import { AppendEntries, CreateLog } from '#ledger';
import { Transactions } from '#platform/database';
import { AccessRepository } from './access.repository.js';
import type { Caller } from './domain/caller.js';
import { MintKey } from './keys.js';

/** A new tenant and the one key that can make the others; the key is shown here and never again. */
export interface CreatedTenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly origin: string;
  readonly verifierKey: string;
  readonly administratorKey: string;
}

/** Makes a tenant with a ledger of its own and a first administrator's key. */
@Injectable()
export class CreateTenant {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: AccessRepository,
    private readonly mint: MintKey,
    private readonly createLog: CreateLog,
    private readonly appendEntries: AppendEntries,
  ) {}

  /** `origin` is the log's name, by default one made of the slug. Throws DomainError conflict `tenant.slug_taken`. */
  async execute(
    caller: Caller,
    input: {
      readonly id: TenantId;
      readonly slug: string;
      readonly name: string;
      readonly origin: string | undefined;
      readonly at: Date;
    },
  ): Promise<CreatedTenant> {
    caller.must('create', 'Tenant', {});
    const { id, slug, name, at } = input;
    const origin = input.origin ?? `lethe.local/${slug}-${id.slice(-12)}`;
    return this.transactions.run(id, async (tx) => {
      await this.repository.insertTenant(tx, { id, slug, name, createdAt: at });
      const { key } = await this.mint.execute(tx, id, {
        role: 'administrator',
        name: 'first administrator',
        scope: null,
        expiresAt: null,
      });
      const { verifierKey } = await this.createLog.execute(tx, id, origin);
      await this.appendEntries.execute(tx, id, [{ kind: 'tenant.created', data: { slug } }]);
      return { id, slug, origin, verifierKey, administratorKey: key };
    });
  }
}
