import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { random } from './random.js';

declare const brand: unique symbol;
/** A string that stands for one kind of thing only; made by the functions below, never by assertion. */
type Branded<Kind extends string> = string & { readonly [brand]: Kind };

/** A tenant: one organisation with its own people, policies, stores and ledger. UUID. */
export type TenantId = Branded<'tenant'>;
/** A registered downstream store. UUID. */
export type StoreId = Branded<'store'>;
/** The random pseudonym of a subject within one tenant; the only name of a person that logs and jobs may carry. UUID. */
export type SubjectRef = Branded<'subjectRef'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a lower-case UUID. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

function branded<Kind extends string>(kind: Kind) {
  const matches = (text: string): text is Branded<Kind> => uuidPattern.test(text);
  return (text: string): Branded<Kind> => {
    if (!matches(text)) throw new TypeError(`not a ${kind} id`);
    return text;
  };
}

/** Each throws a TypeError when the text is not a lower-case UUID. */
export const tenantId = branded('tenant');
export const storeId = branded('store');
export const subjectRef = branded('subjectRef');

/** Where new ids and random bytes come from; injected, so that a test can repeat a run. */
export interface IdSource {
  /** A time-ordered UUID (version 7), for rows. */
  next(): string;
  /** A random UUID (version 4), for pseudonyms: it tells nothing, not even when it was made. */
  random(): string;
  /** `length` bytes that nobody can guess. */
  bytes(length: number): Buffer;
}

/** The last id: those of one process ascend, also within a millisecond (RFC 9562, section 6.2, method 1). */
const last = { milliseconds: 0, sequence: 0 };

function next(): string {
  const bytes = random(16);
  const now = Date.now();
  if (now > last.milliseconds) {
    last.milliseconds = now;
    // Half of the numbers are left to count up to.
    last.sequence = bytes.readUInt32BE(0) >>> 1;
  } else {
    last.sequence = (last.sequence + 1) >>> 0;
    if (last.sequence === 0) last.milliseconds += 1;
  }
  return v7({ random: bytes, msecs: last.milliseconds, seq: last.sequence });
}

export const systemIds: IdSource = {
  next,
  random: () => randomUUID(),
  bytes: random,
};
