import { Injectable } from '@nestjs/common';
import { DomainError, tenantId, type TenantId } from '#kernel';
import { AccessRepository } from './access.repository.js';
import type { TenantState } from './domain/principal.js';

export interface FoundTenant {
  readonly tenant: TenantId;
  readonly state: TenantState;
}

/** Finds the tenant that an operator names, before anything of it can be seen. */
@Injectable()
export class FindTenant {
  constructor(private readonly repository: AccessRepository) {}

  /** By slug or id. Undefined as well for one that is erased or being erased: nothing more may be written of it. */
  async execute(named: string): Promise<FoundTenant | undefined> {
    // Anything else is neither, and a text with U+0000 cannot even be asked for.
    const found = /^[0-9a-z-]{1,63}$/.test(named) ? await this.repository.tenantByName(named) : undefined;
    if (found === undefined || found.state === 'erasing' || found.state === 'offboarded') return undefined;
    return { tenant: tenantId(found.id), state: found.state };
  }

  /** Throws DomainError not_found `tenant.unknown` instead. */
  async known(named: string): Promise<TenantId> {
    const found = await this.execute(named);
    if (found === undefined)
      throw new DomainError('not_found', 'tenant.unknown', 'no tenant has this slug or id');
    return found.tenant;
  }
}
