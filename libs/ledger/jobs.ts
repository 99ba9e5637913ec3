import { defineJob, tenantPayload } from '#platform/queue';

/** A tenant's log has entries that no checkpoint covers yet. */
export const integrateLedgerJob = defineJob({
  kind: 'integrate-ledger',
  queue: 'ledger',
  schema: tenantPayload,
});
