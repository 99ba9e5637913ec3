import { defineJob, tenantPayload } from '#platform/queue';

/** Requests were received: they are to be planned. */
export const planRequestsJob = defineJob({ kind: 'plan-requests', queue: 'plans', schema: tenantPayload });
