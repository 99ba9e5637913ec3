import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { skipReason } from '#testing';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  rangeHash,
  RootBuilder,
  verifyConsistency,
  verifyInclusion,
  type HashReader,
} from './merkle.js';

const vectorFile = join(process.cwd(), '..', 'shared', 'vectors', 'merkle.json');
const noVectors = existsSync(vectorFile) ? null : 'the Merkle tree vectors are not beside the repository';

const reference = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const leaves = (count: number) =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

/** MTH as RFC 6962 words it, on a list: slow and plain, to compare with. */
function plainRoot(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return emptyRoot;
  if (hashes.length === 1) return hashes[0]!;
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return nodeHash(plainRoot(hashes.slice(0, half)), plainRoot(hashes.slice(half)));
}

function readerOf(hashes: readonly Buffer[]): HashReader {
  return (level, index) => {
    const from = Number(index) * 2 ** level;
    const part = hashes.slice(from, from + 2 ** level);
    if (part.length !== 2 ** level) throw new RangeError('no complete subtree there');
    return Promise.resolve(plainRoot(part));
  };
}

function built(hashes: readonly Buffer[]): Buffer {
  const builder = new RootBuilder();
  for (const hash of hashes) builder.add(hash);
  return builder.root();
}

const flip = (bytes: Buffer, bit: number) => {
  const altered = Buffer.from(bytes);
  altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
  return altered;
};

/** A hash changes places with the one before it. */
const swap = (proof: readonly Buffer[], place: number) =>
  proof.with(place, proof[place - 1]!).with(place - 1, proof[place]!);

describe('tree hashes', () => {
  it('have the values of the specification', () => {
    expect(emptyRoot.toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(leafHash(Buffer.alloc(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    const root = built(reference.map((hex) => leafHash(Buffer.from(hex, 'hex'))));
    expect(root.toString('hex')).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
  });

  it('are the same however they are computed', async () => {
    for (let size = 0; size <= 70; size++) {
      const hashes = leaves(size);
      expect(built(hashes)).toEqual(plainRoot(hashes));
      expect(await rangeHash(readerOf(hashes), 0n, BigInt(size))).toEqual(plainRoot(hashes));
    }
  });

  it('tell a leaf from a node of the same bytes', () => {
    const [left, right] = leaves(2);
    expect(leafHash(Buffer.concat([left!, right!]))).not.toEqual(nodeHash(left!, right!));
  });
});

describe('inclusion proofs', () => {
  const sized = fc
    .integer({ min: 1, max: 600 })
    .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));

  it('verify for every leaf of every tree', async () => {
    await fc.assert(
      fc.asyncProperty(sized, async ([size, index]) => {
        const hashes = leaves(size);
        const proof = await inclusionProof(readerOf(hashes), BigInt(index), BigInt(size));
        expect(verifyInclusion(hashes[index]!, BigInt(index), BigInt(size), proof, plainRoot(hashes))).toBe(
          true,
        );
      }),
    );
  });

  it('fail with any bit of the leaf, the path or the root changed, a hash too many, too few or moved, at any other place', async () => {
    await fc.assert(
      fc.asyncProperty(sized, fc.nat(), fc.nat(200), async ([size, index], bit, other) => {
        const hashes = leaves(size);
        const root = plainRoot(hashes);
        const proof = await inclusionProof(readerOf(hashes), BigInt(index), BigInt(size));
        const verify = (leaf: Buffer, at: number, path: readonly Buffer[], to: Buffer) =>
          verifyInclusion(leaf, BigInt(at), BigInt(size), path, to);
        expect(verify(flip(hashes[index]!, bit % 256), index, proof, root)).toBe(false);
        expect(verify(hashes[index]!, index, proof, flip(root, bit % 256))).toBe(false);
        expect(verify(hashes[index]!, index, [...proof, root], root)).toBe(false);
        if (other !== index) expect(verify(hashes[index]!, other, proof, root)).toBe(false);
        if (proof.length === 0) return;
        const place = bit % proof.length;
        const altered = proof.map((hash, at) => (at === place ? flip(hash, bit % 256) : hash));
        expect(verify(hashes[index]!, index, altered, root)).toBe(false);
        expect(verify(hashes[index]!, index, proof.toSpliced(place, 1), root)).toBe(false);
        expect(verify(hashes[index]!, index, proof.toSpliced(place, 0, proof[place]!), root)).toBe(false);
        if (place > 0) expect(verify(hashes[index]!, index, swap(proof, place), root)).toBe(false);
      }),
    );
  });
});

describe('consistency proofs', () => {
  const sized = fc
    .integer({ min: 1, max: 600 })
    .chain((second) => fc.tuple(fc.integer({ min: 1, max: second }), fc.constant(second)));

  it('verify between every two sizes of one log', async () => {
    await fc.assert(
      fc.asyncProperty(sized, async ([first, second]) => {
        const hashes = leaves(second);
        const older = { size: BigInt(first), root: plainRoot(hashes.slice(0, first)) };
        const newer = { size: BigInt(second), root: plainRoot(hashes) };
        const proof = await consistencyProof(readerOf(hashes), older.size, newer.size);
        expect(verifyConsistency(older, newer, proof)).toBe(true);
      }),
    );
  });

  it('fail between two histories, and with any bit changed, a hash too many, too few or moved', async () => {
    await fc.assert(
      fc.asyncProperty(sized, fc.nat(), async ([first, second], bit) => {
        const hashes = leaves(second);
        const older = { size: BigInt(first), root: plainRoot(hashes.slice(0, first)) };
        const newer = { size: BigInt(second), root: plainRoot(hashes) };
        const proof = await consistencyProof(readerOf(hashes), older.size, newer.size);
        const forked = hashes.with(bit % first, leafHash(Buffer.from('another history')));
        expect(verifyConsistency({ ...older, root: plainRoot(forked.slice(0, first)) }, newer, proof)).toBe(
          false,
        );
        expect(verifyConsistency(older, { ...newer, root: flip(newer.root, bit % 256) }, proof)).toBe(false);
        expect(verifyConsistency({ ...older, size: 0n, root: emptyRoot }, newer, proof)).toBe(false);
        expect(verifyConsistency(newer, older, proof)).toBe(first === second);
        expect(verifyConsistency(older, newer, [...proof, newer.root])).toBe(false);
        if (proof.length === 0) return;
        const place = bit % proof.length;
        const altered = proof.map((hash, at) => (at === place ? flip(hash, bit % 256) : hash));
        expect(verifyConsistency(older, newer, altered)).toBe(false);
        expect(verifyConsistency(older, newer, proof.toSpliced(place, 1))).toBe(false);
        expect(verifyConsistency(older, newer, proof.toSpliced(place, 0, proof[place]!))).toBe(false);
        if (place > 0) expect(verifyConsistency(older, newer, swap(proof, place))).toBe(false);
      }),
    );
  });
});

interface Vectors {
  readonly inclusion: readonly Record<'leafIdx' | 'treeSize' | 'root' | 'leafHash' | 'desc', string>[];
  readonly consistency: readonly Record<'size1' | 'size2' | 'root1' | 'root2' | 'desc', string>[];
}
interface Verdict {
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

describe('the published test vectors', () => {
  it.skipIf(skipReason(noVectors))('are judged as they say, all 196 of them', () => {
    // Sizes exceed 2^53, so they are read as text.
    const text = readFileSync(vectorFile, 'utf8').replaceAll(
      /"(leafIdx|treeSize|size1|size2)": (\d+)/g,
      '"$1": "$2"',
    );
    const vectors = JSON.parse(text) as Vectors;
    const bytes = (encoded: string) => Buffer.from(encoded, 'base64');
    const judged = [
      ...vectors.inclusion.map((vector) => {
        const { proof, wantErr } = vector as unknown as Verdict;
        const path = (proof ?? []).map(bytes);
        const [index, size] = [BigInt(vector.leafIdx), BigInt(vector.treeSize)];
        const ok = verifyInclusion(bytes(vector.leafHash), index, size, path, bytes(vector.root));
        return { desc: vector.desc, right: ok === !wantErr };
      }),
      ...vectors.consistency.map((vector) => {
        const { proof, wantErr } = vector as unknown as Verdict;
        const older = { size: BigInt(vector.size1), root: bytes(vector.root1) };
        const newer = { size: BigInt(vector.size2), root: bytes(vector.root2) };
        const ok = verifyConsistency(older, newer, (proof ?? []).map(bytes));
        return { desc: vector.desc, right: ok === !wantErr };
      }),
    ];
    expect(judged.filter(({ right }) => !right)).toEqual([]);
    expect(judged).toHaveLength(196);
  });
});
