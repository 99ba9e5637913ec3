import { z } from 'zod';
import { defineJob, tenantPayload } from '#platform/queue';

/** There may be due work in a lane. */
export const wakeLaneJob = defineJob({
  kind: 'wake-lane',
  queue: 'lanes',
  schema: z.strictObject({ laneId: z.uuid() }),
});

/** Failed obligations are to be done again. */
export const continueFailedJob = defineJob({
  kind: 'continue-failed',
  queue: 'plans',
  schema: tenantPayload,
});

/** A store's keys are to be compared with what must not come back. */
export const rescanStoresJob = defineJob({ kind: 'rescan-stores', queue: 'plans', schema: tenantPayload });

/** Causes of a tenant have settled: whoever raised them may take note. */
export const requestsSettledJob = defineJob({
  kind: 'requests-settled',
  queue: 'plans',
  schema: tenantPayload,
});
export const sweepsSettledJob = defineJob({ kind: 'sweeps-settled', queue: 'plans', schema: tenantPayload });
