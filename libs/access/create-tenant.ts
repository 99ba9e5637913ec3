import { Inject, Injectable } from '@nestjs/common';
import { tenantId, type IdSource, type TenantId } from '#kernel';
import { AppendEntries, CreateLog } from '#ledger';
import { Transactions } from '#platform/database';
import { IDS } from '#platform/runtime';
import { AccessRepository } from './access.repository.js';
import { mintKey } from './domain/key.js';

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
    private readonly createLog: CreateLog,
    private readonly appendEntries: AppendEntries,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(input: {
    readonly slug: string;
    readonly name: string;
    readonly at: Date;
  }): Promise<CreatedTenant> {
    const id = tenantId(this.ids.next());
    const key = mintKey(this.ids);
    const origin = `lethe.local/${input.slug}-${id.slice(-12)}`;
    const createdAt = input.at;
    const verifierKey = await this.transactions.run(id, async (tx) => {
      await this.repository.insertTenant(tx, { id, slug: input.slug, name: input.name, createdAt });
      await this.repository.insertKey(tx, {
        id: this.ids.next(),
        tenantId: id,
        prefix: key.prefix,
        secretHash: key.secretHash,
        role: 'administrator',
        name: 'first administrator',
        createdAt,
        expiresAt: null,
        revokedAt: null,
      });
      const log = await this.createLog.execute(tx, id, origin);
      await this.appendEntries.execute(tx, id, [{ kind: 'tenant.created', data: { slug: input.slug } }]);
      return log.verifierKey;
    });
    return { id, slug: input.slug, origin, verifierKey, administratorKey: key.text };
  }
}
