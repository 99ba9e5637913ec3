import { defineJob, tenantPayload } from '#platform/queue';

/** Requests were received: they are to be planned. */
export const planRequestsJob = defineJob({ kind: 'plan-requests', queue: 'plans', schema: tenantPayload });

/** Somebody asks what a deletion would do: that is to be counted in the stores. */
export const previewRequestsJob = defineJob({
  kind: 'preview-requests',
  queue: 'plans',
  schema: tenantPayload,
});
