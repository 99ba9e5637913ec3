import { hashBytes, nodeHash, type HashReader } from './merkle.js';

/** C2SP tlog-tiles: a full tile holds 256 hashes, and covers 8 levels of the tree. */
export const tileWidth = 256;
const levelsPerTile = 8;

/** One tile: its level of tiles, its place in it, and how many hashes or entries it holds. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: bigint;
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last prefixed with x. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** The folder of the partial tiles that lead up to a full one. */
export function partialsPath(level: Tile['level'], index: bigint): string {
  return `${tilePath({ level, index, width: tileWidth })}.p`;
}

const pathPattern =
  /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** Undefined when the text is not the one path of a tile: nothing else is ever read from the folder. */
export function parseTilePath(path: string): Tile | undefined {
  const [, level, groups, partial] = pathPattern.exec(path) ?? [];
  if (level === undefined || groups === undefined) return undefined;
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: BigInt(groups.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? tileWidth : Number(partial),
  };
  return tile.width <= tileWidth && tilePath(tile) === path ? tile : undefined;
}

/** How many hashes a log of `size` entries has at a level of tiles. */
export function hashesAt(level: number, size: bigint): bigint {
  return size >> BigInt(levelsPerTile * level);
}

/** The width of a tile in a log of `size` entries; 0 when it does not exist yet. */
export function widthOf(level: number, index: bigint, size: bigint): number {
  const held = hashesAt(level, size) - index * BigInt(tileWidth);
  if (held <= 0n) return 0;
  return held >= BigInt(tileWidth) ? tileWidth : Number(held);
}

/** An entry bundle: each entry behind its length, 16 bits big-endian. */
export function formatBundle(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** Reads tree hashes out of tiles of a log of `size` entries. */
export function hashReader(size: bigint, readTile: (tile: Tile) => Promise<Buffer>): HashReader {
  return async (level, index) => {
    const tileLevel = Math.floor(level / levelsPerTile);
    const height = level % levelsPerTile;
    const first = index << BigInt(height);
    const tileIndex = first / BigInt(tileWidth);
    const tile = await readTile({
      level: tileLevel,
      index: tileIndex,
      width: widthOf(tileLevel, tileIndex, size),
    });
    const start = Number(first % BigInt(tileWidth)) * hashBytes;
    const bytes = tile.subarray(start, start + hashBytes * 2 ** height);
    if (bytes.length !== hashBytes * 2 ** height) throw new RangeError('the tile does not hold that hash');
    return subtree(bytes);
  };
}

/** The root over a power of two of hashes. */
export function subtree(hashes: Buffer): Buffer {
  let level = Array.from({ length: hashes.length / hashBytes }, (_, place) =>
    hashes.subarray(place * hashBytes, (place + 1) * hashBytes),
  );
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, place) =>
      nodeHash(level[2 * place] ?? Buffer.alloc(0), level[2 * place + 1] ?? Buffer.alloc(0)),
    );
  }
  return level[0] ?? Buffer.alloc(0);
}
