import { defineJob, tenantPayload } from '#platform/queue';

/** A consent was withdrawn: somebody has to plan what that means for the stores. */
export const planWithdrawalsJob = defineJob({
  kind: 'plan-withdrawals',
  queue: 'plans',
  schema: tenantPayload,
});

/** Consents have run out: somebody has to record it. */
export const expireConsentsJob = defineJob({
  kind: 'expire-consents',
  queue: 'plans',
  schema: tenantPayload,
});
