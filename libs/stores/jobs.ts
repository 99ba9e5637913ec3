import { defineJob, tenantPayload } from '#platform/queue';

/** A data map was registered: its stores are to be compared with the real thing. */
export const checkStoresJob = defineJob({ kind: 'check-stores', queue: 'plans', schema: tenantPayload });
