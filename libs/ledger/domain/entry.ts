import { hash } from 'node:crypto';
import { canonicalJson, DomainError, type JsonObject, type SubjectRef } from '#kernel';

/** The closed vocabulary of the ledger: everything that changes a tenant's world. */
export const entryKinds = [
  'tenant.created',
  'tenant.offboarding',
  'tenant.exported',
  'tenant.offboarded',
  'key.issued',
  'key.rotated',
  'key.revoked',
  'issuer.trusted',
  'issuer.revoked',
  'break_glass.requested',
  'break_glass.approved',
  'break_glass.used',
  'break_glass.ended',
  'subject.disclosed',
  'policy.approved',
  'policy.applied',
  'hold.placed',
  'hold.lifted',
  'hold.ended',
  'store.registered',
  'store.compacted',
  'store.compaction_failed',
  'store.paused',
  'store.resumed',
  'subject.registered',
  'subject.merged',
  'subject.split',
  'subject.age_told',
  'guardian.registered',
  'guardian.ended',
  'consent.recorded',
  'request.received',
  'obligations.planned',
  'obligation.settled',
  'obligation.retried',
  'obligation.closed',
  'obligation.read_back',
  'request.settled',
  'receipt.issued',
  'sweep.planned',
  'sweep.settled',
  'signals.reappeared',
] as const;
export type EntryKind = (typeof entryKinds)[number];

/** An entry to append. `data` never holds an identifier or the pseudonym of a person. */
export interface NewEntry {
  readonly kind: EntryKind;
  /** Whom it is about; only a salted commitment goes into the leaf. */
  readonly subjectRef?: SubjectRef;
  readonly data: JsonObject;
}

/** Entry bundles carry a 16-bit length (C2SP tlog-tiles). */
const longest = 65_535;

/** An entry that lacks only what is known under the tenant's counter: its number and its time. */
export interface DraftEntry {
  (number: number, at: Date): Buffer;
  /** What stands between the time and the number, and after the number: `{"at":"<time>",<head><number><tail>`. */
  readonly head: string;
  readonly tail: string;
}

/**
 * Prepares the bytes of an entry, exactly as its leaf hash will cover them: canonical JSON (RFC 8785) of
 * `{ at, data, kind, n, subject?, v }`. Throws DomainError invalid `ledger.entry_too_large` when it would not fit under
 * the widest number, so that no number is ever taken for an entry that cannot be written.
 */
export function draftEntry(entry: NewEntry, salt: Buffer | undefined): DraftEntry {
  const data = canonicalJson(entry.data).toString('utf8');
  const subject =
    entry.subjectRef === undefined || salt === undefined
      ? ''
      : `"subject":"${commitment(salt, entry.subjectRef)}",`;
  const head = `"data":${data},"kind":"${entry.kind}","n":`;
  const tail = `,${subject}"v":1}`;
  const text = (number: number, at: Date) => `{"at":"${at.toISOString()}",${head}${number}${tail}`;
  if (Buffer.byteLength(text(Number.MAX_SAFE_INTEGER, new Date(0)), 'utf8') > longest) {
    throw new DomainError(
      'invalid',
      'ledger.entry_too_large',
      `an entry of kind ${entry.kind} is longer than ${longest} bytes`,
    );
  }
  return Object.assign((number: number, at: Date) => Buffer.from(text(number, at), 'utf8'), { head, tail });
}

/** base64(SHA-256(salt || subjectRef)): without the salt nobody can tell whom a leaf is about. */
export function commitment(salt: Buffer, subjectRef: string): string {
  return hash('sha256', Buffer.concat([salt, Buffer.from(subjectRef, 'utf8')]), 'base64');
}
