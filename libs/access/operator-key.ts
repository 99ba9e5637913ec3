import type { Client } from 'pg';
import type { IdSource } from '#kernel';
import { mintKey } from './domain/key.js';

/**
 * Makes an operator's key, run by the one who installs Lethe over the owner's connection: the applications cannot.
 * Answers the key; it is the only copy.
 */
export async function issueOperatorKey(owner: Client, ids: IdSource, at: Date): Promise<string> {
  const key = mintKey(ids);
  await owner.query(
    `insert into api_keys (id, tenant_id, prefix, secret_hash, role, name, created_at)
     values ($1, null, $2, $3, 'operator', 'operator', $4)`,
    [ids.next(), key.prefix, key.secretHash, at],
  );
  return key.text;
}
