import { leafHash, nodeHash, RootBuilder } from '../domain/merkle.js';
import { formatBundle } from '../domain/tiles.js';

/** The root of a log of these entries (RFC 9162, section 2.1.1). */
export function rootOf(entries: readonly Buffer[]): Buffer {
  const builder = new RootBuilder();
  for (const entry of entries) builder.add(leafHash(entry));
  return builder.root();
}

/** Every tile that a log of these entries has, straight from the wording of the specification. */
export function tilesOf(entries: readonly Buffer[]): Map<string, Buffer> {
  const name = (index: number) => {
    const digits = String(index).padStart(6, '0');
    return index < 1_000 ? digits.slice(3) : `x${digits.slice(0, 3)}/${digits.slice(3)}`;
  };
  const tiles = new Map<string, Buffer>();
  const put = (
    level: number | string,
    hashes: readonly Buffer[],
    bytes: (part: readonly Buffer[]) => Buffer,
  ) => {
    for (let at = 0; at * 256 < hashes.length; at++) {
      const part = hashes.slice(at * 256, at * 256 + 256);
      tiles.set(`tile/${level}/${name(at)}${part.length === 256 ? '' : `.p/${part.length}`}`, bytes(part));
    }
  };
  put('entries', entries, formatBundle);
  let hashes = entries.map(leafHash);
  for (let level = 0; hashes.length > 0; level++) {
    put(level, hashes, (part) => Buffer.concat(part));
    for (let halving = 0; halving < 8; halving++) {
      const below = hashes;
      hashes = below.flatMap((left, at) => {
        const right = below[at + 1];
        return at % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : [];
      });
    }
  }
  return tiles;
}
