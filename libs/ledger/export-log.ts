import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { openCheckpoint } from './domain/checkpoint.js';
import { parseVerifierKey } from './domain/note.js';
import { exportFormat } from './domain/verify-file.js';
import { LedgerRepository } from './ledger.repository.js';
import type { TileFolder } from './tile-folder.js';
import { TILES } from './tokens.js';
import { checkpointPath } from './write-tiles.js';

const pageSize = 1_000;

/** Streams a tenant's whole log, up to its published checkpoint, as lines of a file that verifies offline. */
@Injectable()
export class ExportLog {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: LedgerRepository,
    @Inject(TILES) private readonly tiles: TileFolder,
  ) {}

  /** A manifest, every entry to the byte, and a last line with the count. Holds one page in memory. */
  async *execute(tenant: TenantId): AsyncIterable<string> {
    const { verifierKey } = await this.transactions.run(tenant, (tx) => this.repository.tree(tx, tenant));
    const checkpoint = (await this.tiles.read(checkpointPath(tenant)))?.toString('utf8');
    const verifier = parseVerifierKey(verifierKey);
    const opened =
      checkpoint === undefined || verifier === undefined ? undefined : openCheckpoint(checkpoint, verifier);
    if (checkpoint === undefined || opened === undefined) {
      throw new DomainError(
        'conflict',
        'ledger.not_published',
        'the log has no checkpoint yet; try again in a second',
      );
    }
    const size = Number(opened.size);
    yield JSON.stringify({ format: exportFormat, verifierKey, size, checkpoint });
    for (let after = 0; after < size; after += pageSize) {
      const limit = Math.min(pageSize, size - after);
      const from = after;
      const entries = await this.transactions.run(tenant, (tx) =>
        this.repository.entries(tx, tenant, from, limit),
      );
      for (const { bytes } of entries) yield bytes.toString('utf8');
    }
    yield JSON.stringify({ end: true, count: size });
  }
}
