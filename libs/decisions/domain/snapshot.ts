import { checksum } from './checksum.js';
import type { DecisionRules } from './rules.js';
import type { ExpiryGroup, PackedPerson } from './state-table.js';

/** What stands before the people of a snapshot. */
export interface SnapshotHead {
  readonly format: 1;
  /** The tenant's replica key, 32 hex digits. */
  readonly key: string;
  /** The state is at least as new as this; what changed since has to be asked for. */
  readonly revision: number;
  readonly epoch: number;
  /** By number. */
  readonly purposes: readonly string[];
  /** Null before the first policy. */
  readonly rules: DecisionRules | null;
}

// A snapshot is blocks: CRC-32 of what follows in the block, the length of its content (four bytes each, big-endian), and the content. The first is the head, as
// JSON; those that follow hold people; one of length 0 ends it, with the count of the people (four bytes, checked as well). A person is the hash (8 bytes), flags (1: known,
// 2: suppressed), the count of groups of ends, the states (a word for eight purposes), and the groups (a word for the end, a
// word for each 32 purposes). Words are little-endian.

/** Checksum and length. */
const before = 8;
const longestBlock = 16 * 1_048_576;
/** The count at the end; a block of people is longer. */
const endLength = 4;
const knownFlag = 1;
const suppressedFlag = 2;

export function encodeSnapshotHead(head: SnapshotHead): Uint8Array {
  return block(new TextEncoder().encode(JSON.stringify(head)));
}

export function encodeSnapshotEnd(count: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return block(bytes, 0);
}

/** One block of people, each with their hash of 8 bytes. */
export function encodePeople(people: readonly (PackedPerson & { readonly hash: Uint8Array })[]): Uint8Array {
  const size = people.reduce(
    (sum, { states, expiries }) =>
      sum +
      10 +
      states.length * 4 +
      expiries.reduce((ends, { purposes }) => ends + 4 + purposes.length * 4, 0),
    0,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const words = (list: Uint32Array) => {
    for (const word of list) {
      view.setUint32(at, word, true);
      at += 4;
    }
  };
  for (const { hash, known, suppressed, states, expiries } of people) {
    bytes.set(hash, at);
    bytes[at + 8] = (known ? knownFlag : 0) | (suppressed ? suppressedFlag : 0);
    bytes[at + 9] = expiries.length;
    at += 10;
    words(states);
    for (const { at: end, purposes } of expiries) {
      view.setUint32(at, end, true);
      at += 4;
      words(purposes);
    }
  }
  return block(bytes);
}

function block(payload: Uint8Array, length = payload.length): Uint8Array {
  const bytes = new Uint8Array(before + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, length);
  bytes.set(payload, before);
  view.setUint32(0, checksum(bytes.subarray(4)));
  return bytes;
}

/** Takes in what a snapshot holds, in the order in which it comes. */
export interface SnapshotVisitor {
  /** Called once, before anybody. */
  head(head: SnapshotHead): void;
  /** The person is overwritten by the next. */
  person(high: number, low: number, person: PackedPerson): void;
}

/** Reads a snapshot as it arrives, in bounded memory. Throws an Error for one that is cut off, damaged, or none. */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  visitor: SnapshotVisitor,
): Promise<void> {
  let purposes: number | undefined;
  let count = 0;
  let ended: number | undefined;
  for await (const bytes of blocks(chunks)) {
    if (ended !== undefined) throw new Error('the snapshot goes on after its end');
    if (purposes === undefined) {
      const head = parseHead(bytes);
      purposes = head.purposes.length;
      visitor.head(head);
    } else if (bytes.length === endLength) ended = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    else count += readPeople(bytes, purposes, visitor);
  }
  if (ended === undefined) throw new Error('the snapshot is cut off');
  if (ended !== count) throw new Error('the snapshot does not hold as many people as it says');
}

/** The payload of each block; of the empty one at the end, the count that follows it. */
async function* blocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (;;) {
      if (at + before > bytes.length) break;
      const said = view.getUint32(at + 4);
      if (said > longestBlock) throw new Error('a block of the snapshot is too long');
      const end = at + before + (said === 0 ? endLength : said);
      if (end > bytes.length) break;
      if (checksum(bytes.subarray(at + 4, end)) !== view.getUint32(at))
        throw new Error('the snapshot is damaged');
      yield bytes.subarray(at + before, end);
      at = end;
    }
    rest = bytes.slice(at);
  }
  if (rest.length > 0) throw new Error('the snapshot is cut off');
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function parseHead(bytes: Uint8Array): SnapshotHead {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (!isHead(value)) throw new Error('this is no snapshot that is understood here');
  return value;
}

const members: Readonly<Record<keyof SnapshotHead, (value: unknown) => boolean>> = {
  format: (value) => value === 1,
  key: (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value),
  revision: Number.isSafeInteger,
  epoch: Number.isSafeInteger,
  purposes: Array.isArray,
  rules: (value) => typeof value === 'object',
};

function isHead(value: unknown): value is SnapshotHead {
  if (typeof value !== 'object' || value === null) return false;
  const given = new Map<string, unknown>(Object.entries(value));
  return Object.entries(members).every(([name, holds]) => given.has(name) && holds(given.get(name)));
}

function readPeople(bytes: Uint8Array, purposes: number, visitor: SnapshotVisitor): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stateWords = Math.ceil(purposes / 8);
  const maskWords = Math.ceil(purposes / 32);
  const states = new Uint32Array(stateWords);
  let count = 0;
  for (let at = 0; at < bytes.length; count += 1) {
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    const flags = view.getUint8(at + 8);
    const groups = view.getUint8(at + 9);
    at += 10;
    for (let word = 0; word < stateWords; word += 1, at += 4) states[word] = view.getUint32(at, true);
    const expiries: ExpiryGroup[] = [];
    for (let group = 0; group < groups; group += 1) {
      const end = view.getUint32(at, true);
      at += 4;
      const mask = new Uint32Array(maskWords);
      for (let word = 0; word < maskWords; word += 1, at += 4) mask[word] = view.getUint32(at, true);
      expiries.push({ at: end, purposes: mask });
    }
    const known = (flags & knownFlag) !== 0;
    visitor.person(high, low, { known, suppressed: (flags & suppressedFlag) !== 0, states, expiries });
  }
  return count;
}
