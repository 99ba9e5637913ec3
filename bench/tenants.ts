import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticate, type Caller, CreateTenant, issueOperatorKey } from '#access';
import { systemIds, tenantId, type TenantId } from '#kernel';
import type { BenchDatabase } from './database.js';

/** Who a key belongs to. */
export async function callerOf(api: NestFastifyApplication, key: string): Promise<Caller> {
  const authenticate = api.get(Authenticate, { strict: false });
  const credentials = { tenant: undefined, breakGlass: undefined, operation: 'bench' };
  return (await authenticate.execute({ ...credentials, authorization: `Bearer ${key}` })).caller;
}

/** The benchmark's tenant. */
export async function createTenant(
  api: NestFastifyApplication,
  { owner }: BenchDatabase,
  slug = 'bench',
): Promise<{ readonly id: TenantId; readonly administratorKey: string }> {
  const at = new Date();
  const operator = await callerOf(api, await issueOperatorKey(owner, systemIds, at));
  return api.get(CreateTenant, { strict: false }).execute(operator, {
    id: tenantId(systemIds.next()),
    slug,
    name: 'Bench',
    origin: undefined,
    at,
  });
}
