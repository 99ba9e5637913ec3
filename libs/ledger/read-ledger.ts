import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, type JsonObject, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { openCheckpoint } from './domain/checkpoint.js';
import { inclusionProof } from './domain/merkle.js';
import { parseVerifierKey } from './domain/note.js';
import { formatProof } from './domain/proof.js';
import { hashReader, parseTilePath } from './domain/tiles.js';
import { receiptFormat } from './domain/verify-file.js';
import { LedgerRepository } from './ledger.repository.js';
import type { TileFolder } from './tile-folder.js';
import { TILES } from './tokens.js';
import { checkpointPath, readTile } from './write-tiles.js';

/** The ledger as callers and the public read it. */
@Injectable()
export class ReadLedger {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: LedgerRepository,
    @Inject(TILES) private readonly tiles: TileFolder,
  ) {}

  /** The published checkpoint, a signed note; undefined before the first. */
  async checkpoint(tenant: TenantId): Promise<string | undefined> {
    return (await this.tiles.read(checkpointPath(tenant)))?.toString('utf8');
  }

  /** A published tile or entry bundle; undefined for whatever is not one. */
  async tile(tenant: TenantId, path: string): Promise<Buffer | undefined> {
    return parseTilePath(path) === undefined ? undefined : this.tiles.read(`${tenant}/${path}`);
  }

  /** The change feed: what came after a number, in the order of commits. */
  async entries(
    tx: EntityManager,
    tenant: TenantId,
    after: number,
    limit: number,
  ): Promise<readonly { readonly number: number; readonly document: JsonObject }[]> {
    const entries = await this.repository.entries(tx, tenant, after, limit);
    return entries.map(({ number, bytes }) => ({ number, document: parseEntry(bytes) }));
  }

  /** The number of the tenant's last entry. */
  async revision(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{ readonly revision: number; readonly epoch: number }> {
    return this.repository.counter(tx, tenant);
  }

  /** The log's name and its verifier key, as it is published. */
  async identity(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{ readonly origin: string; readonly verifierKey: string }> {
    const { origin, verifierKey } = await this.repository.tree(tx, tenant);
    return { origin, verifierKey };
  }

  /** The ids of the tenants with entries that no published checkpoint covers yet; for the system role. */
  async pending(tx: EntityManager): Promise<readonly string[]> {
    return this.repository.pending(tx);
  }

  /**
   * A document whose digest is in the entry of this number, as one file that verifies offline. Throws DomainError
   * conflict `receipt.not_proved` until a published checkpoint covers the entry.
   */
  async signedDocument(tenant: TenantId, number: number, document: JsonObject): Promise<JsonObject> {
    const { tree, entry, opening } = await this.transactions.run(tenant, async (tx) => ({
      tree: await this.repository.tree(tx, tenant),
      entry: await this.repository.entry(tx, tenant, number),
      opening: await this.repository.opening(tx, tenant, number),
    }));
    if (entry === undefined || opening === undefined)
      throw new TypeError('the entry of a document is missing');
    const proof = await this.prove(tenant, tree.verifierKey, BigInt(number) - 1n);
    if (proof === undefined) {
      throw new DomainError(
        'conflict',
        'receipt.not_proved',
        'the receipt is not in the published log yet; try again in a second',
      );
    }
    return {
      format: receiptFormat,
      document,
      entry: entry.toString('base64'),
      opening: { salt: opening.salt.toString('base64'), subjectRef: opening.subjectRef },
      proof,
      verifierKey: tree.verifierKey,
    };
  }

  /** The tlog-proof of a leaf (its entry's number less one); undefined when no published checkpoint covers it yet. */
  async proof(tenant: TenantId, index: number): Promise<string | undefined> {
    const tree = await this.transactions.run(tenant, (tx) => this.repository.tree(tx, tenant));
    return this.prove(tenant, tree.verifierKey, BigInt(index));
  }

  private async prove(tenant: TenantId, verifierKey: string, index: bigint): Promise<string | undefined> {
    const note = await this.checkpoint(tenant);
    const verifier = parseVerifierKey(verifierKey);
    const checkpoint =
      note === undefined || verifier === undefined ? undefined : openCheckpoint(note, verifier);
    if (note === undefined || checkpoint === undefined || index >= checkpoint.size) return undefined;
    const reader = hashReader(checkpoint.size, (tile) => readTile(this.tiles, tenant, tile));
    return formatProof({
      index,
      hashes: await inclusionProof(reader, index, checkpoint.size),
      checkpoint: note,
    });
  }
}

function parseEntry(bytes: Buffer): JsonObject {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isJsonObject(value)) throw new TypeError('a ledger entry is not an object');
  return value;
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
