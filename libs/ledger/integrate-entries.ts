import { createPrivateKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { signingContext } from './create-log.js';
import { formatCheckpoint, openCheckpoint } from './domain/checkpoint.js';
import { rangeHash } from './domain/merkle.js';
import { parseVerifierKey, signNote } from './domain/note.js';
import { hashReader } from './domain/tiles.js';
import type { TileFolder } from './tile-folder.js';
import { LedgerRepository } from './ledger.repository.js';
import type { LedgerTreeRow } from './rows/ledger-tree.row.js';
import { TILES } from './tokens.js';
import { readTile, WriteTiles } from './write-tiles.js';

/** Signs the state of a tree with the tenant's key. */
@Injectable()
export class SignTree {
  constructor(
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  execute(
    tenant: TenantId,
    tree: LedgerTreeRow,
    state: { readonly size: bigint; readonly root: Buffer },
  ): string {
    const key = createPrivateKey({
      key: this.sealer.open(tree.sealedKey, signingContext(tenant)),
      format: 'der',
      type: 'pkcs8',
    });
    return signNote(formatCheckpoint({ origin: tree.origin, ...state }), tree.origin, key);
  }
}

/**
 * Publishes what was appended: tiles written and fsynced, then the state row committed, then the checkpoint renamed into
 * place. A crash anywhere leaves tiles that the next run writes again, byte for byte; two integrators at once write the
 * same bytes and one of them loses the state row.
 */
@Injectable()
export class IntegrateEntries {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: LedgerRepository,
    private readonly writeTiles: WriteTiles,
    private readonly signTree: SignTree,
    @Inject(TILES) private readonly tiles: TileFolder,
  ) {}

  /** Throws DomainError conflict `ledger.behind_checkpoint` when more was published than the database knows. */
  async execute(tenant: TenantId): Promise<{ readonly size: bigint }> {
    const { tree, revision } = await this.transactions.run(tenant, async (tx) => ({
      tree: await this.repository.tree(tx, tenant),
      revision: BigInt((await this.repository.counter(tx, tenant)).revision),
    }));
    await this.republish(tenant, tree);
    const from = BigInt(tree.size);
    if (revision === from) return { size: from };
    const size = await this.writeTiles.execute(tenant, from);
    if (size === from) return { size };
    const root = await rangeHash(
      hashReader(size, (tile) => readTile(this.tiles, tenant, tile)),
      0n,
      size,
    );
    const checkpoint = this.signTree.execute(tenant, tree, { size, root });
    const committed = await this.transactions.run(tenant, (tx) =>
      this.repository.commitTree(tx, tenant, tree.size, { size, root, checkpoint, at: this.signTree.now() }),
    );
    if (committed) await this.tiles.write(`${tenant}/checkpoint`, Buffer.from(checkpoint, 'utf8'));
    return { size };
  }

  /** Brings the published checkpoint up to the state row, which a crash may have left it behind. Never the other way. */
  private async republish(tenant: TenantId, tree: LedgerTreeRow): Promise<void> {
    const published = await this.tiles.read(`${tenant}/checkpoint`);
    const verifier = parseVerifierKey(tree.verifierKey);
    const checkpoint =
      published === undefined || verifier === undefined
        ? undefined
        : openCheckpoint(published.toString('utf8'), verifier);
    if (published !== undefined && checkpoint === undefined) {
      throw new DomainError(
        'conflict',
        'ledger.foreign_checkpoint',
        'the published checkpoint is not signed by this log',
      );
    }
    const size = checkpoint?.size ?? 0n;
    if (size > BigInt(tree.size)) {
      throw new DomainError(
        'conflict',
        'ledger.behind_checkpoint',
        `the database knows ${tree.size} entries of a log that has published ${size}: it was restored from an older copy`,
      );
    }
    if (tree.checkpoint !== null && size < BigInt(tree.size)) {
      await this.tiles.write(`${tenant}/checkpoint`, Buffer.from(tree.checkpoint, 'utf8'));
    }
  }
}
