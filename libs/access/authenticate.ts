import { Inject, Injectable } from '@nestjs/common';
import { DomainError, tenantId, type Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { AccessRepository } from './access.repository.js';
import { roles, type Principal, type Role } from './domain/abilities.js';
import { parseKey, secretMatches } from './domain/key.js';

/** Finds out who holds an API key. Every failure reads the same, whatever was wrong with the key. */
@Injectable()
export class Authenticate {
  constructor(
    private readonly repository: AccessRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(authorization: string | undefined): Promise<Principal> {
    const key = parseKey(/^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    if (key === undefined) throw refused();
    const found = await this.repository.keyByPrefix(key.prefix);
    if (found === undefined || !secretMatches(key.secret, found.secret_hash)) throw refused();
    const now = this.clock.now();
    if (found.revoked_at !== null || (found.expires_at !== null && found.expires_at <= now)) throw refused();
    return principal(found.id, found.role, found.tenant_id);
  }
}

function principal(keyId: string, roleText: string, tenantText: string | null): Principal {
  const role = roles.find((known): known is Role => known === roleText);
  if (role === 'operator' && tenantText === null) return { role, keyId, tenant: null };
  if (role === undefined || role === 'operator' || tenantText === null) throw refused();
  return { role, keyId, tenant: tenantId(tenantText) };
}

function refused(): DomainError {
  return new DomainError(
    'unauthenticated',
    'key.refused',
    'send a valid API key as "Authorization: Bearer lethe_..."',
  );
}
