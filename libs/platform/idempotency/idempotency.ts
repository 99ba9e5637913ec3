import { createHash } from 'node:crypto';
import { canonicalJson, DomainError } from '#kernel';

// Writes that may be sent again (the header Idempotency-Key; draft-ietf-httpapi-idempotency-key-header). The statement that writes keeps
// what was answered, so that it is there exactly when the write is.

/** A key belongs to whoever chose it: two callers' keys never meet. SHA-256. */
export function idempotencyKey(actor: string, key: string): Buffer {
  return createHash('sha256').update(`${actor}\0${key}`, 'utf8').digest();
}

/** By which a write is known to be the one of before. SHA-256. */
export function digestOfRequest(request: object): Buffer {
  return createHash('sha256').update(canonicalJson(request)).digest();
}

/** The refusal of a key that was used for something else. */
export function reusedKey(): DomainError {
  return new DomainError(
    'conflict',
    'idempotency.reused',
    'this Idempotency-Key was used before with another request: choose a new one',
  );
}
