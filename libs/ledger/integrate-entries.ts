import { createPrivateKey } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import { signingContext } from './create-log.js';
import { formatCheckpoint, openCheckpoint, type Checkpoint } from './domain/checkpoint.js';
import { rangeHash } from './domain/merkle.js';
import { parseVerifierKey, signNote } from './domain/note.js';
import { hashReader } from './domain/tiles.js';
import type { TileFolder } from './tile-folder.js';
import { LedgerRepository } from './ledger.repository.js';
import type { LedgerTreeRow } from './rows/ledger-tree.row.js';
import { TILES } from './tokens.js';
import { checkpointPath, readTile, WriteTiles } from './write-tiles.js';

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
    // Its key was destroyed when the log ended, and there is no other that a verifier would accept.
    if (tree.sealedKey.length === 0) {
      throw new DomainError(
        'conflict',
        'ledger.ended',
        'the log has ended: nothing can be signed for it any more',
      );
    }
    const key = createPrivateKey({
      key: this.sealer.open(tree.sealedKey, signingContext(tenant)),
      format: 'der',
      type: 'pkcs8',
    });
    return signNote(formatCheckpoint({ origin: tree.origin, ...state }), tree.origin, key);
  }
}

/** What a log has told the world, or would tell it from its state row. */
type TreeState = Pick<Checkpoint, 'size' | 'root'>;

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

  /**
   * Answers the size of the tree. Signs nothing and throws a DomainError conflict `ledger.behind_checkpoint` when more was
   * published than the database knows, `ledger.history_changed` when the database or the tiles tell another history than
   * was signed, `ledger.foreign_checkpoint` when the published checkpoint is not this log's, `ledger.ended` when the log
   * has ended and entries were added to it all the same.
   */
  async execute(tenant: TenantId): Promise<{ readonly size: number }> {
    // Read before the row: so a checkpoint ahead of the row is never one that another integrator has published since.
    const note = (await this.tiles.read(checkpointPath(tenant)))?.toString('utf8');
    const { tree, revision } = await this.transactions.run(tenant, async (tx) => ({
      tree: await this.repository.tree(tx, tenant),
      revision: BigInt((await this.repository.counter(tx, tenant)).revision),
    }));
    const state = { size: BigInt(tree.size), root: tree.root };
    const published = note === undefined ? undefined : openPublished(note, tree);
    requireNotAhead(published, state);
    if (revision > state.size) {
      const size = await this.writeTiles.execute(tenant, state.size);
      reach('ledger.tiles-written');
      requireWhole(size, revision);
      const committed = await this.commit(tenant, tree, size, [state, published ?? state]);
      reach('ledger.committed');
      if (committed) await this.publish(tenant);
      if (committed) await this.writeTiles.removePartials(tenant, state.size, size);
      return { size: Number(size) };
    }
    // A crash, or a disk that was full, has left the checkpoint behind.
    if (published?.size !== state.size || tree.published !== tree.size) await this.publish(tenant);
    return { size: Number(state.size) };
  }

  /** Signs and commits the tree of this size over the one that was read; false when another integrator was faster. */
  private async commit(
    tenant: TenantId,
    tree: LedgerTreeRow,
    size: bigint,
    earlier: readonly TreeState[],
  ): Promise<boolean> {
    const reader = hashReader(size, (tile) => readTile(this.tiles, tenant, tile));
    for (const state of earlier) {
      const root = await rangeHash(reader, 0n, state.size);
      if (!root.equals(state.root)) throw historyChanged(state.size);
    }
    const state = { size, root: await rangeHash(reader, 0n, size) };
    const checkpoint = this.signTree.execute(tenant, tree, state);
    return this.transactions.run(tenant, (tx) =>
      this.repository.commitTree(tx, tenant, tree.size, { ...state, checkpoint, at: this.signTree.now() }),
    );
  }

  /**
   * Publishes what the state row says, and keeps it from changing meanwhile: an integrator that is held up holds up the
   * others, and never puts an older checkpoint over a newer one.
   */
  private async publish(tenant: TenantId): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      const tree = await this.repository.lockTree(tx, tenant);
      if (tree.checkpoint === null) return;
      await this.tiles.write(checkpointPath(tenant), Buffer.from(tree.checkpoint, 'utf8'));
      reach('ledger.published');
      await this.repository.markPublished(tx, tenant, tree.size);
    });
  }
}

function openPublished(note: string, tree: LedgerTreeRow): TreeState {
  const verifier = parseVerifierKey(tree.verifierKey);
  const checkpoint = verifier === undefined ? undefined : openCheckpoint(note, verifier);
  if (checkpoint !== undefined) return checkpoint;
  throw new DomainError(
    'conflict',
    'ledger.foreign_checkpoint',
    'the published checkpoint is not signed by this log',
  );
}

/** A database restored from an older copy must not begin a second history. */
function requireNotAhead(published: TreeState | undefined, state: TreeState): void {
  if (published === undefined) return;
  if (published.size > state.size) {
    throw new DomainError(
      'conflict',
      'ledger.behind_checkpoint',
      `the database knows ${state.size} entries of a log that has published ${published.size}: it was restored from an older copy`,
    );
  }
  if (published.size === state.size && !published.root.equals(state.root)) throw historyChanged(state.size);
}

/** The counter was read before the entries, so of a sound ledger there are at least as many. */
function requireWhole(size: bigint, revision: bigint): void {
  if (size < revision) throw new TypeError('the ledger has a gap at its end');
}

function historyChanged(size: bigint): DomainError {
  return new DomainError(
    'conflict',
    'ledger.history_changed',
    `the first ${size} entries are not those that the log has signed`,
  );
}
