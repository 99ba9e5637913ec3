import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { hashBytes, leafHash } from './domain/merkle.js';
import {
  formatBundle,
  hashesAt,
  partialsPath,
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

/** Where a tenant's checkpoint is published. */
export function checkpointPath(tenant: TenantId): string {
  return `${tenant}/checkpoint`;
}

/** Reads a tile of hashes that a log of some size has; a partial one may have been superseded by the full one. */
export async function readTile(tiles: TileFolder, tenant: TenantId, tile: Tile): Promise<Buffer> {
  const read = (width: number) => tiles.read(`${tenant}/${tilePath({ ...tile, width })}`);
  const bytes = (await read(tile.width)) ?? (await read(tileWidth));
  if (bytes !== undefined && bytes.length >= tile.width * hashBytes)
    return bytes.subarray(0, tile.width * hashBytes);
  throw new DomainError('conflict', 'ledger.tile_missing', `the log lacks ${tilePath(tile)}`);
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

  /** Each full tile is one hash of the level above. What a tile held before is kept, so a run reads new tiles only. */
  private async writeUpperLevels(tenant: TenantId, from: bigint, size: bigint): Promise<void> {
    for (let level = 1; hashesAt(level, size) > hashesAt(level, from); level++) {
      const last = (hashesAt(level, size) - 1n) / BigInt(tileWidth);
      for (let index = hashesAt(level, from) / BigInt(tileWidth); index <= last; index++) {
        const held = widthOf(level, index, from);
        const width = widthOf(level, index, size);
        const hashes = held === 0 ? [] : [await readTile(this.tiles, tenant, { level, index, width: held })];
        for (let place = held; place < width; place++) {
          const below = index * BigInt(tileWidth) + BigInt(place);
          hashes.push(
            subtree(await readTile(this.tiles, tenant, { level: level - 1, index: below, width: tileWidth })),
          );
        }
        await this.tiles.write(`${tenant}/${tilePath({ level, index, width })}`, Buffer.concat(hashes));
      }
    }
  }

  /**
   * Removes the partial tiles that a full one has superseded, which C2SP tlog-tiles allows: a log of many small runs
   * would else keep each entry some 128 times. What a crash leaves is litter, never wrong.
   */
  async removePartials(tenant: TenantId, from: bigint, size: bigint): Promise<void> {
    const remove = async (level: Tile['level'], at: number) => {
      const full = hashesAt(at, size) / BigInt(tileWidth);
      for (let index = hashesAt(at, from) / BigInt(tileWidth); index < full; index++)
        await this.tiles.removeFolder(`${tenant}/${partialsPath(level, index)}`);
    };
    await remove('entries', 0);
    for (let level = 0; hashesAt(level, size) > 0n; level++) await remove(level, level);
  }
}
