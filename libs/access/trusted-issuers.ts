import { Injectable } from '@nestjs/common';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import type { Issuer } from './domain/issuer.js';
import { IssuersRepository } from './issuers.repository.js';
import { Recent } from './recent.js';

/** An issuer revoked by another process is refused after at most this long, in milliseconds; by this process, at once. */
export const issuerStaleness = 1_000;
const remembered = 1_000;

interface Loaded {
  readonly issuers: Promise<readonly Issuer[]>;
  /** On the monotonic clock, counted from before the look-up. */
  readonly until: number;
}

/** The issuers that a tenant trusts at the moment. */
@Injectable()
export class TrustedIssuers {
  private readonly loaded = new Recent<Loaded>(remembered);

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: IssuersRepository,
  ) {}

  /** Oldest first. The database is asked once for all who ask within `issuerStaleness`. */
  async of(tenant: TenantId): Promise<readonly Issuer[]> {
    const now = performance.now();
    const known = this.loaded.get(tenant);
    if (known !== undefined && known.until > now) return known.issuers;
    const issuers = this.transactions.run(tenant, (tx) => this.repository.inForce(tx, tenant));
    this.loaded.put(tenant, { issuers, until: now + issuerStaleness });
    try {
      return await issuers;
    } catch (error) {
      this.forget(tenant);
      throw error;
    }
  }

  /** To be called after the commit of a change: a look-up from before it is not asked again. */
  forget(tenant: TenantId): void {
    this.loaded.delete(tenant);
  }
}
