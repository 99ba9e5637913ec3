import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, type TenantId } from '#kernel';
import { LedgerCounterRow } from './rows/ledger-counter.row.js';
import { LedgerEntryRow } from './rows/ledger-entry.row.js';
import { LedgerOpeningRow } from './rows/ledger-opening.row.js';
import { LedgerTreeRow } from './rows/ledger-tree.row.js';

/** An entry as it is stored. */
export interface StoredEntry {
  readonly number: number;
  readonly kind: string;
  readonly at: Date;
  readonly bytes: Buffer;
  readonly opening: Opening | undefined;
}

/** Entries ready to be appended, as `append_entries` and whatever statement calls it take them: an item of each per entry. */
export interface DraftedEntries {
  readonly kinds: readonly string[];
  readonly heads: readonly string[];
  readonly tails: readonly string[];
  /** Null for an entry about nobody. */
  readonly salts: readonly (Buffer | null)[];
  readonly refs: readonly (string | null)[];
}

/** What links a leaf to a subject. */
export interface Opening {
  readonly salt: Buffer;
  readonly subjectRef: string;
}

@Injectable()
export class LedgerRepository {
  /**
   * Takes the next numbers under the tenant's counter row, the last lock before commit, and appends. Undefined when the
   * tenant has no log that can be appended to.
   */
  async append(
    tx: EntityManager,
    tenant: TenantId,
    at: Date,
    { kinds, heads, tails, salts, refs }: DraftedEntries,
  ): Promise<{ readonly first: number; readonly epoch: number } | undefined> {
    const [row] = await tx.query<{ first: string; epoch: number }[]>(
      'select first, epoch from append_entries($1, $2, $3, $4, $5, $6, $7)',
      [tenant, at, kinds, heads, tails, salts, refs],
    );
    return row === undefined ? undefined : { first: Number(row.first), epoch: row.epoch };
  }

  async refusal(tx: EntityManager, tenant: TenantId): Promise<Error> {
    const known = await tx.existsBy(LedgerCounterRow, { tenantId: tenant });
    if (!known) return new TypeError('the tenant has no ledger');
    return new DomainError(
      'conflict',
      'ledger.closed',
      'the tenant has left: nothing of it changes any more',
    );
  }

  /** Takes the counter as `append` does, and closes it; nobody else appends from the commit on. */
  async close(tx: EntityManager, tenant: TenantId): Promise<{ readonly revision: number }> {
    const [rows] = await tx.query<[{ revision: string }[], number]>(
      'update ledger_counters set closed = true where tenant_id = $1 returning revision',
      [tenant],
    );
    const [row] = rows;
    if (row === undefined) throw new TypeError('the tenant has no ledger');
    return { revision: Number(row.revision) };
  }

  /** The counter of a closed log, locked, with the kind of its last entry. */
  async lockClosed(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{ readonly revision: number; readonly lastKind: string | undefined }> {
    const rows = await tx.query<{ revision: string }[]>(
      'select revision from ledger_counters where tenant_id = $1 and closed for update',
      [tenant],
    );
    const [row] = rows;
    if (row === undefined) throw new TypeError('the log is not closed');
    const last = await tx.findOneBy(LedgerEntryRow, { tenantId: tenant, number: row.revision });
    return { revision: Number(row.revision), lastKind: last?.kind };
  }

  /** The one number that is taken from a closed log, under its locked counter. */
  async advanceToEnd(tx: EntityManager, tenant: TenantId): Promise<number> {
    const [rows] = await tx.query<[{ revision: string }[], number]>(
      'update ledger_counters set revision = revision + 1 where tenant_id = $1 and closed returning revision',
      [tenant],
    );
    const [row] = rows;
    if (row === undefined) throw new TypeError('the log is not closed');
    return Number(row.revision);
  }

  /** Destroys the signing key of a closed log whose last entry is published; false when that is not so yet. */
  async destroyKey(tx: EntityManager, tenant: TenantId): Promise<boolean> {
    const [, count] = await tx.query<[unknown[], number]>(
      `update ledger_trees t set sealed_key = ''
         from ledger_counters c
        where t.tenant_id = $1 and c.tenant_id = t.tenant_id
          and c.closed and t.size = c.revision and t.published = c.revision`,
      [tenant],
    );
    return count === 1;
  }

  /** The entry of a number that was taken from a closed log. */
  async insertEntry(
    tx: EntityManager,
    tenant: TenantId,
    { number, kind, at, bytes }: Omit<StoredEntry, 'opening'>,
  ): Promise<void> {
    await tx.query(
      'insert into ledger_entries (tenant_id, number, kind, at, entry) values ($1, $2, $3, $4, $5)',
      [tenant, number, kind, at, bytes],
    );
  }

  async insertLog(
    tx: EntityManager,
    log: Pick<LedgerTreeRow, 'tenantId' | 'origin' | 'verifierKey' | 'sealedKey' | 'root'>,
    at: Date,
  ): Promise<void> {
    await tx.insert(LedgerCounterRow, { tenantId: log.tenantId, revision: '0', epoch: 1 });
    const inserted = await tx
      .createQueryBuilder()
      .insert()
      .into(LedgerTreeRow)
      .values({ ...log, size: '0', published: '0', checkpoint: null, updatedAt: at })
      .orIgnore()
      .returning('tenant_id')
      .execute();
    if (Array.isArray(inserted.raw) && inserted.raw.length === 1) return;
    throw new DomainError('conflict', 'ledger.origin_taken', 'there is a log of this origin already', {
      pointer: '/origin',
    });
  }

  async counter(
    tx: EntityManager,
    tenant: TenantId,
  ): Promise<{ readonly revision: number; readonly epoch: number }> {
    const row = await tx.findOneByOrFail(LedgerCounterRow, { tenantId: tenant });
    return { revision: Number(row.revision), epoch: row.epoch };
  }

  async tree(tx: EntityManager, tenant: TenantId): Promise<LedgerTreeRow> {
    return tx.findOneByOrFail(LedgerTreeRow, { tenantId: tenant });
  }

  /** Entries after a number, in order. */
  async entries(
    tx: EntityManager,
    tenant: TenantId,
    after: number,
    limit: number,
  ): Promise<readonly Pick<StoredEntry, 'number' | 'bytes'>[]> {
    const rows = await tx.query<{ number: string; entry: Buffer }[]>(
      'select number, entry from ledger_entries where tenant_id = $1 and number > $2 order by number limit $3',
      [tenant, after, limit],
    );
    return rows.map((row) => ({ number: Number(row.number), bytes: row.entry }));
  }

  async entry(tx: EntityManager, tenant: TenantId, number: number): Promise<Buffer | undefined> {
    const row = await tx.findOneBy(LedgerEntryRow, { tenantId: tenant, number: String(number) });
    return row?.entry;
  }

  async opening(tx: EntityManager, tenant: TenantId, number: number): Promise<Opening | undefined> {
    const row = await tx.findOneBy(LedgerOpeningRow, { tenantId: tenant, number: String(number) });
    return row === null ? undefined : { salt: row.salt, subjectRef: row.subjectRef };
  }

  /** Commits a larger tree over the one that was read; false when another integrator was faster. */
  async commitTree(
    tx: EntityManager,
    tenant: TenantId,
    from: string,
    to: { readonly size: bigint; readonly root: Buffer; readonly checkpoint: string; readonly at: Date },
  ): Promise<boolean> {
    const result = await tx.update(
      LedgerTreeRow,
      { tenantId: tenant, size: from },
      { size: to.size.toString(), root: to.root, checkpoint: to.checkpoint, updatedAt: to.at },
    );
    return result.affected === 1;
  }

  /** The state row, which nobody else changes until the transaction ends. */
  async lockTree(tx: EntityManager, tenant: TenantId): Promise<LedgerTreeRow> {
    const lock = { mode: 'pessimistic_write' } as const;
    return tx.findOneOrFail(LedgerTreeRow, { where: { tenantId: tenant }, lock });
  }

  async markPublished(tx: EntityManager, tenant: TenantId, size: string): Promise<void> {
    await tx.update(LedgerTreeRow, { tenantId: tenant }, { published: size });
  }

  /** Tenants with entries that no published checkpoint covers yet, and whose log has not ended. */
  async pending(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select c.tenant_id from ledger_counters c join ledger_trees t using (tenant_id)
        where c.revision > t.published and t.sealed_key <> ''`,
    );
    return rows.map((row) => row.tenant_id);
  }
}
