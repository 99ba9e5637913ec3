import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash, rangeHash, RootBuilder } from './merkle.js';
import {
  formatBundle,
  hashReader,
  hashesAt,
  parseTilePath,
  partialsPath,
  tilePath,
  tileWidth,
  widthOf,
} from './tiles.js';

describe('tile paths', () => {
  it.each([
    [{ level: 0, index: 0n, width: 256 }, 'tile/0/000'],
    [{ level: 3, index: 1_234_067n, width: 256 }, 'tile/3/x001/x234/067'],
    [{ level: 63, index: 999n, width: 1 }, 'tile/63/999.p/1'],
    [{ level: 0, index: 1_000n, width: 255 }, 'tile/0/x001/000.p/255'],
    [{ level: 'entries' as const, index: 273n, width: 112 }, 'tile/entries/273.p/112'],
  ])('of %o are as the specification writes them', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it('read back, for every tile', () => {
    const tiles = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.bigInt({ min: 0n, max: 2n ** 56n }),
      width: fc.integer({ min: 1, max: tileWidth }),
    });
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(parseTilePath(tilePath(tile))).toEqual(tile);
      }),
    );
  });

  it.each([
    '',
    'checkpoint',
    'tile/0/',
    'tile/0/0',
    'tile/0/x001',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/00/001',
    'tile/64/001',
    'tile/-1/001',
    'tile/Entries/001',
    'tile/0/001.p/0',
    'tile/0/001.p/01',
    'tile/0/001.p/256',
    'tile/0/001.p/999',
    'tile/0/001.p/1/',
    'tile/0/001.p',
    'tile/0/001.tmp',
    'tile/0/../../secret',
    'tile/0/x001/../001',
    '../tile/0/001',
    '/tile/0/001',
    'tile//0/001',
    'tile/0/001\n',
    'tile/0/001\u0000',
    'tile\\0\\001',
    'tile/%30/001',
    'tile/٠/٠٠١',
  ])('that are not one are refused: %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('of anything that parses never leave the folder of tiles', () => {
    const parts = fc.constantFrom(
      'tile',
      '..',
      '.',
      '/',
      'x000',
      '000',
      '001',
      '.p/',
      '1',
      '255',
      'entries',
      '0',
      '\\',
      '%2e',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 9 }), (pieces) => {
        const path = pieces.join('');
        if (parseTilePath(path) !== undefined)
          expect(path).toMatch(/^tile\/[a-z0-9]+\/(x\d{3}\/)*\d{3}(\.p\/\d+)?$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of partial tiles are in the folder that goes when the tile is full', () => {
    const partial = tilePath({ level: 0, index: 1_234n, width: 7 });
    expect(partial).toBe(`${partialsPath(0, 1_234n)}/7`);
  });
});

describe('the tiles of a log', () => {
  it('of 70,000 entries are those that the specification counts', () => {
    expect(hashesAt(0, 70_000n) / 256n).toBe(273n);
    expect([widthOf(0, 272n, 70_000n), widthOf(0, 273n, 70_000n), widthOf(0, 274n, 70_000n)]).toEqual([
      256, 112, 0,
    ]);
    expect([widthOf(1, 0n, 70_000n), widthOf(1, 1n, 70_000n), widthOf(2, 0n, 70_000n)]).toEqual([256, 17, 1]);
    expect([widthOf(2, 1n, 70_000n), widthOf(3, 0n, 70_000n)]).toEqual([0, 0]);
  });

  it('of 256 entries are one full tile, and one hash above it', () => {
    expect([widthOf(0, 0n, 256n), widthOf(0, 1n, 256n), widthOf(1, 0n, 256n)]).toEqual([256, 0, 1]);
  });

  it('give every hash of the tree, across tiles and levels', async () => {
    const size = 66_000;
    const leaves = Array.from({ length: size }, (_, index) => leafHash(Buffer.from(String(index))));
    const levels = [leaves];
    for (let level = 1; levels[level - 1]!.length >= 2; level++) {
      const below = levels[level - 1]!;
      levels.push(
        Array.from({ length: below.length >> 1 }, (_, at) => nodeHash(below[2 * at]!, below[2 * at + 1]!)),
      );
    }
    const reader = hashReader(BigInt(size), ({ level, index, width }) => {
      const from = Number(index) * tileWidth;
      return Promise.resolve(Buffer.concat(levels[8 * Number(level)]!.slice(from, from + width)));
    });
    for (const [level, hashes] of levels.entries()) {
      for (const index of [0, hashes.length >> 1, hashes.length - 1])
        expect(await reader(level, BigInt(index))).toEqual(hashes[index]);
      await expect(reader(level, BigInt(hashes.length))).rejects.toThrow();
    }
    const builder = new RootBuilder();
    for (const leaf of leaves) builder.add(leaf);
    expect(await rangeHash(reader, 0n, BigInt(size))).toEqual(builder.root());
  });
});

describe('entry bundles', () => {
  it('hold each entry behind its length', () => {
    const longest = Buffer.alloc(65_535, 1);
    const bundle = formatBundle([Buffer.from('ab'), Buffer.alloc(0), longest]);
    expect(bundle.subarray(0, 6)).toEqual(Buffer.from([0, 2, 97, 98, 0, 0]));
    expect(bundle.subarray(6, 8)).toEqual(Buffer.from([255, 255]));
    expect(bundle.subarray(8)).toEqual(longest);
  });
});
