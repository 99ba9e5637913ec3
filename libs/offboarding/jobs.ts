import { defineJob, tenantPayload } from '#platform/queue';

/** A tenant has left and is to be erased. */
export const eraseTenantJob = defineJob({ kind: 'erase-tenant', queue: 'plans', schema: tenantPayload });
