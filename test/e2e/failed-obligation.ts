import { systemIds } from '#kernel';
import { withClient } from '#testing';
import type { TestSystem } from './system.js';

/** A dead letter of a tenant with a store `rows`: the row is made as a worker would have left it, where none runs. Answers its id. */
export async function failedObligation(system: TestSystem, tenant: string): Promise<string> {
  const id = systemIds.next();
  await withClient(system.database.ownerUrl, (client) =>
    client.query(
      `insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, cut_off, as_of, deadline,
                                policy_version, attempts, error, outcome, planned_at, settled_at)
       select tenant_id, $2, lane_id, id, 'clicks', 'purge', 'sweep', $2, now(), now(), now(), 1, 1, 'unauthorized', 'failed', now(), now()
         from stores where tenant_id = $1 and name = 'rows'`,
      [tenant, id],
    ),
  );
  return id;
}
