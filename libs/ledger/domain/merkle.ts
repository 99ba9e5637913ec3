import { hash } from 'node:crypto';

const leaf = Buffer.of(0);
const node = Buffer.of(1);

/** Hashing of RFC 6962, section 2.1. Sizes and indexes are bigints: they may exceed 2^53. */
export function leafHash(entry: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([leaf, entry]), 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([node, left, right]), 'buffer');
}

/** The length of SHA-256. */
export const hashBytes = 32;

export const emptyRoot = hash('sha256', '', 'buffer');

/** Reads the hash of the complete subtree of 2^level leaves that begins at leaf index * 2^level. */
export type HashReader = (level: number, index: bigint) => Promise<Buffer>;

/** The hash of leaves [from, to), split at the largest power of two below their number. */
export async function rangeHash(read: HashReader, from: bigint, to: bigint): Promise<Buffer> {
  const size = to - from;
  if (size === 0n) return emptyRoot;
  const level = bitLength(size) - 1;
  if (size === 1n << BigInt(level)) return read(level, from >> BigInt(level));
  const middle = from + split(size);
  return nodeHash(await rangeHash(read, from, middle), await rangeHash(read, middle, to));
}

/** The audit path of a leaf in a tree of `size` leaves (RFC 6962, 2.1.1). */
export async function inclusionProof(
  read: HashReader,
  index: bigint,
  size: bigint,
): Promise<readonly Buffer[]> {
  return path(read, index, 0n, size);
}

async function path(read: HashReader, index: bigint, from: bigint, to: bigint): Promise<Buffer[]> {
  if (to - from === 1n) return [];
  const middle = from + split(to - from);
  return index < middle
    ? [...(await path(read, index, from, middle)), await rangeHash(read, middle, to)]
    : [...(await path(read, index, middle, to)), await rangeHash(read, from, middle)];
}

/** The proof that a tree of `first` leaves is a prefix of one of `second` leaves (RFC 6962, 2.1.2). */
export async function consistencyProof(
  read: HashReader,
  first: bigint,
  second: bigint,
): Promise<readonly Buffer[]> {
  if (first === second) return [];
  return subProof(read, first, 0n, second, true);
}

async function subProof(
  read: HashReader,
  first: bigint,
  from: bigint,
  to: bigint,
  whole: boolean,
): Promise<Buffer[]> {
  if (first === to) return whole ? [] : [await rangeHash(read, from, to)];
  const middle = from + split(to - from);
  return first <= middle
    ? [...(await subProof(read, first, from, middle, whole)), await rangeHash(read, middle, to)]
    : [...(await subProof(read, first, middle, to, false)), await rangeHash(read, from, middle)];
}

/** Whether the path proves that a leaf stands at an index of the tree with this root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isPlace(index, size) || ![leaf, root, ...proof].every(isHash)) return false;
  let node = index;
  let last = size - 1n;
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of proof) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      hash = nodeHash(sibling, hash);
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && hash.equals(root);
}

/** Whether the proof shows that the first tree is a prefix of the second (RFC 9162, 2.1.4.2). Size 0 proves nothing. */
export function verifyConsistency(
  first: { readonly size: bigint; readonly root: Uint8Array },
  second: { readonly size: bigint; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (first.size <= 0n || first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && Buffer.from(first.root).equals(second.root);
  if (![first.root, second.root, ...proof].every(isHash)) return false;
  const rest = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const seed = rest.shift();
  return seed !== undefined && climb(first, second, seed, rest);
}

function climb(
  first: { readonly size: bigint; readonly root: Uint8Array },
  second: { readonly size: bigint; readonly root: Uint8Array },
  seed: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  let node = first.size - 1n;
  let last = second.size - 1n;
  while ((node & 1n) === 1n) [node, last] = [node >> 1n, last >> 1n];
  let older: Buffer = Buffer.from(seed);
  let newer: Buffer = Buffer.from(seed);
  for (const hash of proof) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      newer = nodeHash(newer, hash);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && older.equals(first.root) && newer.equals(second.root);
}

/** A root computed from leaf hashes as they come, in memory that grows with the logarithm of their number. */
export class RootBuilder {
  private readonly peaks: { readonly level: number; readonly hash: Buffer }[] = [];
  size = 0n;

  add(leaf: Buffer): void {
    let top = { level: 0, hash: leaf };
    for (let last = this.peaks.at(-1); last?.level === top.level; last = this.peaks.at(-1)) {
      this.peaks.pop();
      top = { level: top.level + 1, hash: nodeHash(last.hash, top.hash) };
    }
    this.peaks.push(top);
    this.size += 1n;
  }

  root(): Buffer {
    const [first, ...others] = this.peaks.toReversed();
    if (first === undefined) return emptyRoot;
    return others.reduce((right, { hash }) => nodeHash(hash, right), first.hash);
  }
}

function isPlace(index: bigint, size: bigint): boolean {
  return index >= 0n && index < size;
}

function isHash({ length }: Uint8Array): boolean {
  return length === hashBytes;
}

function split(size: bigint): bigint {
  return 1n << BigInt(bitLength(size - 1n) - 1);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n;
}
