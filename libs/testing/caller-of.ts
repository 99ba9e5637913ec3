import { randomUUID } from 'node:crypto';
import { Caller } from '#access';
import type { TenantId } from '#kernel';

type Principal = Caller['principal'];

/** A caller of one role, as the guard would make it. */
export function callerOf(
  tenant: TenantId | null,
  role: Principal['roles'][number] = 'administrator',
  more: Partial<Principal> = {},
): Caller {
  return new Caller({
    tenant,
    tenantState: 'active',
    roles: [role],
    actor: `key:${randomUUID()}`,
    scope: {},
    person: null,
    disclosed: [],
    ...more,
  });
}
