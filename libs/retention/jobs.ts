import { defineJob, tenantPayload } from '#platform/queue';

/** Sweeps were asked for: they are to be counted, and unless they are dry runs, planned. */
export const runSweepsJob = defineJob({ kind: 'run-sweeps', queue: 'plans', schema: tenantPayload });
