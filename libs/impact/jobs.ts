import { defineJob, tenantPayload } from '#platform/queue';

/** A policy was planned: what it would remove is to be counted in the stores. */
export const countPlansJob = defineJob({ kind: 'count-plans', queue: 'plans', schema: tenantPayload });
