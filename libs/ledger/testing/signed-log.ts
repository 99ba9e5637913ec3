import { createPrivateKey, type KeyObject } from 'node:crypto';
import { leafHash, nodeHash, type HashReader } from '../domain/merkle.js';

// The head of an Ed25519 private key in PKCS #8 (RFC 8410); the 32 bytes of the seed follow.
const privateKeyHead = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A signing key that is the same in every run, one for each number. */
export function keyOf(seed: number): KeyObject {
  const der = Buffer.concat([privateKeyHead, Buffer.alloc(32, seed)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Hashes each subtree anew from its entries: slow, and independent of tiles. */
export function readerOf(entries: readonly Buffer[]): HashReader {
  const read: HashReader = async (level, index) => {
    if (level > 0) return nodeHash(await read(level - 1, 2n * index), await read(level - 1, 2n * index + 1n));
    const entry = entries[Number(index)];
    if (entry === undefined) throw new RangeError('the log has no such entry');
    return leafHash(entry);
  };
  return read;
}
