import type { Client } from 'pg';
import { DomainError, type IdSource } from '#kernel';
import { mintKey } from './domain/key.js';

/**
 * Makes an operator's key, run by the one who installs Lethe over the owner's connection: the applications cannot. The
 * name, 1 to 200 visible characters, is for people. Answers the key; it is the only copy. Throws DomainError invalid
 * `key.name_invalid`.
 */
export async function issueOperatorKey(
  owner: Client,
  ids: IdSource,
  at: Date,
  name = 'operator',
): Promise<string> {
  if (!/^[^\p{C}]{1,200}$/u.test(name) || name.trim() === '')
    throw new DomainError('invalid', 'key.name_invalid', 'the name of a key has 1 to 200 visible characters');
  const key = mintKey(ids);
  await owner.query(
    `insert into api_keys (id, tenant_id, prefix, secret_hash, role, name, created_at)
     values ($1, null, $2, $3, 'operator', $4, $5)`,
    [ids.next(), key.prefix, key.secretHash, name, at],
  );
  return key.text;
}

/**
 * Revokes an operator's key by its prefix; running processes refuse it within `keyStaleness`. Answers its name. Throws
 * DomainError not_found `key.unknown`, also for a key of a tenant.
 */
export async function revokeOperatorKey(owner: Client, prefix: string, at: Date): Promise<string> {
  const { rows } = await owner.query<{ name: string }>(
    `update api_keys set revoked_at = $2 where prefix = $1 and role = 'operator' and revoked_at is null returning name`,
    [prefix, at],
  );
  const [revoked] = rows;
  if (revoked === undefined)
    throw new DomainError('not_found', 'key.unknown', "no operator's key in force has this prefix");
  return revoked.name;
}
