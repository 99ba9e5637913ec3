import { defineJob, tenantPayload } from '#platform/queue';

/** Holds may be over: what waited for them has to go on. */
export const holdsOverJob = defineJob({ kind: 'holds-over', queue: 'plans', schema: tenantPayload });
