import { createHash, timingSafeEqual } from 'node:crypto';
import type { IdSource } from '#kernel';

/** An API key as it is shown once, and what is kept of it. */
export interface MintedKey {
  /** `lethe_<prefix>_<secret>`; the only time the secret exists outside its holder. */
  readonly text: string;
  readonly prefix: string;
  /** SHA-256 of the secret: it has 256 random bits, so a slow hash would add nothing. */
  readonly secretHash: Buffer;
}

const format = /^lethe_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export function mintKey(ids: IdSource): MintedKey {
  const prefix = ids.bytes(6).toString('hex');
  const secret = ids.bytes(32).toString('base64url');
  return { text: `lethe_${prefix}_${secret}`, prefix, secretHash: hashSecret(secret) };
}

/** Takes a key apart; undefined when it cannot be one. */
export function parseKey(text: string): { readonly prefix: string; readonly secret: string } | undefined {
  const [, prefix, secret] = format.exec(text) ?? [];
  return prefix === undefined || secret === undefined ? undefined : { prefix, secret };
}

export function secretMatches(secret: string, hash: Buffer): boolean {
  const given = hashSecret(secret);
  return given.length === hash.length && timingSafeEqual(given, hash);
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
