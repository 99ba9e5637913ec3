import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { leafHash } from './domain/merkle.js';
import {
  formatBundle,
  hashBytes,
  hashesAt,
  subtree,
  tilePath,
  tileWidth,
  widthOf,
  type Tile,
} from './domain/tiles.js';
import { LedgerRepository } from './ledger.repository.js';
import type { TileFolder } from './tile-folder.js';
import { TILES } from './tokens.js';

/** Entries read at a time; a whole number of tiles. */
const pageSize = 16 * tileWidth;

/** Reads a tile that a log of some size has. */
export async function readTile(tiles: TileFolder, tenant: TenantId, tile: Tile): Promise<Buffer> {
  const bytes = await tiles.read(`${tenant}/${tilePath(tile)}`);
  if (bytes === undefined)
    throw new DomainError('conflict', 'ledger.tile_missing', `the log lacks ${tilePath(tile)}`);
  return bytes;
}

/**
 * Writes the bundles and tiles for entries that are not in the tree yet. Every file is a function of the entries alone,
 * so writing one again writes the same bytes.
 */
@Injectable()
export class WriteTiles {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: LedgerRepository,
    @Inject(TILES) private readonly tiles: TileFolder,
  ) {}

  /** Answers the size that the tiles now cover. Begins at the last tile boundary, and holds one page in memory. */
  async execute(tenant: TenantId, from: bigint): Promise<bigint> {
    let size = (from / BigInt(tileWidth)) * BigInt(tileWidth);
    for (;;) {
      const start = size;
      const entries = await this.transactions.run(tenant, (tx) =>
        this.repository.entries(tx, tenant, Number(start), pageSize),
      );
      entries.forEach(({ number }, index) => {
        if (BigInt(number) !== start + BigInt(index) + 1n) throw new TypeError('the ledger has a gap');
      });
      for (let offset = 0; offset < entries.length; offset += tileWidth) {
        const page = entries.slice(offset, offset + tileWidth).map(({ bytes }) => bytes);
        await this.writeLeaves(tenant, (start + BigInt(offset)) / BigInt(tileWidth), page);
      }
      size = start + BigInt(entries.length);
      if (entries.length < pageSize) break;
    }
    if (size > from) await this.writeUpperLevels(tenant, from, size);
    return size > from ? size : from;
  }

  private async writeLeaves(tenant: TenantId, index: bigint, entries: readonly Buffer[]): Promise<void> {
    const width = entries.length;
    await this.tiles.write(
      `${tenant}/${tilePath({ level: 'entries', index, width })}`,
      formatBundle(entries),
    );
    await this.tiles.write(
      `${tenant}/${tilePath({ level: 0, index, width })}`,
      Buffer.concat(entries.map(leafHash)),
    );
  }

  /** Each full tile is one hash of the level above. */
  private async writeUpperLevels(tenant: TenantId, from: bigint, size: bigint): Promise<void> {
    for (let level = 1; hashesAt(level, size) > 0n; level++) {
      const first = hashesAt(level, from) / BigInt(tileWidth);
      const last = (hashesAt(level, size) - 1n) / BigInt(tileWidth);
      for (let index = first; index <= last; index++) {
        const width = widthOf(level, index, size);
        const hashes: Buffer[] = [];
        for (let place = 0; place < width; place++) {
          const below = {
            level: level - 1,
            index: index * BigInt(tileWidth) + BigInt(place),
            width: tileWidth,
          };
          hashes.push(subtree(await readTile(this.tiles, tenant, below)));
        }
        const bytes = Buffer.concat(hashes);
        if (bytes.length !== width * hashBytes)
          throw new TypeError('a tile has another width than its log says');
        await this.tiles.write(`${tenant}/${tilePath({ level, index, width })}`, bytes);
      }
    }
  }
}
