import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import type { CauseKind } from '../domain/plan.js';
import { readObligation, type ObligationRow } from '../obligation-rows.js';
import type { Obligation } from '../obligation.js';

/** What failed, as somebody holds it who decides what becomes of it. */
export interface LockedLetter {
  readonly obligation: Obligation;
  readonly sealedKey: Buffer | null;
  readonly store: string;
}

/** What the ledger is told of an obligation that was retried. */
export interface RetriedLetter {
  readonly id: string;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  readonly store: string;
  readonly dataset: string;
  readonly error: string | null;
}

/** What a successor of a failed obligation is made from. */
export interface WantedRetry {
  readonly id: string;
  readonly sealedKey: Buffer | null;
}

/** Which dead letters to retry; a part that is not given, stands for all. */
export interface RetryScope {
  readonly store: string | undefined;
  readonly error: string | undefined;
}

interface RetriedRow {
  readonly id: string;
  readonly cause_kind: CauseKind;
  readonly cause_id: string;
  readonly subject_ref: string | null;
  readonly store: string;
  readonly dataset: string;
  readonly error: string | null;
}

const columns = { tenant: 'o.tenant_id', subjectRef: 'o.subject_ref', store: 's.name', region: 's.region' };
const dead = `o.outcome = 'failed' and o.retried_at is null and o.closed_at is null`;

/** Statements on obligations that failed. */
@Injectable()
export class DeadLettersRepository {
  /** An obligation that the filter lets through, locked against others who decide. */
  async lock(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    id: string,
  ): Promise<LockedLetter | undefined> {
    const values: unknown[] = [tenant, id];
    const condition = visible.sql(columns, (value) => `$${values.push(value)}`);
    const [row] = await tx.query<(ObligationRow & { readonly store: string })[]>(
      `select o.*, s.name as store from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id
        where o.tenant_id = $1 and o.id = $2 and ${condition} for update of o`,
      values,
    );
    if (row === undefined) return undefined;
    return { obligation: readObligation(row), sealedKey: row.sealed_key, store: row.store };
  }

  async retry(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    by: { readonly actor: string; readonly at: Date },
  ): Promise<void> {
    await tx.query(
      'update obligations set retried_at = $3, retried_by = $4, retry_wanted = true where tenant_id = $1 and id = $2',
      [tenant, id, by.at, by.actor],
    );
  }

  /** The same for all that the scope and the filter let through, oldest first, of which there is still something to select by. */
  async retryMany(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    wanted: RetryScope & { readonly actor: string; readonly at: Date; readonly limit: number },
  ): Promise<readonly RetriedLetter[]> {
    const values: unknown[] = [tenant, wanted.at, wanted.actor, wanted.store ?? null, wanted.error ?? null];
    const condition = visible.sql(columns, (value) => `$${values.push(value)}`);
    const [rows] = await tx.query<[RetriedRow[], number]>(
      `update obligations o set retried_at = $2, retried_by = $3, retry_wanted = true
         from (select o.id, s.name from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id
                where o.tenant_id = $1 and ${dead} and (o.sealed_key is not null or o.cut_off is not null)
                  and ($4::text is null or s.name = $4) and ($5::text is null or o.error = $5) and ${condition}
                order by o.id limit $${values.push(wanted.limit)} for update of o) found
        where o.tenant_id = $1 and o.id = found.id
        returning o.id, o.cause_kind, o.cause_id, o.subject_ref, found.name as store, o.dataset, o.error`,
      values,
    );
    return rows.map((row) => ({
      id: row.id,
      causeKind: row.cause_kind,
      causeId: row.cause_id,
      subjectRef: row.subject_ref === null ? null : subjectRef(row.subject_ref),
      store: row.store,
      dataset: row.dataset,
      error: row.error,
    }));
  }

  /** Nobody retries it any more, so its key goes. */
  async close(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    by: { readonly closedBy: string; readonly closedAt: Date; readonly closeReason: string },
  ): Promise<void> {
    await tx.query(
      `update obligations set closed_at = $3, closed_by = $4, close_reason = $5, sealed_key = null
        where tenant_id = $1 and id = $2`,
      [tenant, id, by.closedAt, by.closedBy, by.closeReason],
    );
  }

  /** What is to be retried and has no successor yet, locked against other workers. */
  async wanted(tx: EntityManager, tenant: TenantId, limit: number): Promise<readonly WantedRetry[]> {
    const rows = await tx.query<{ readonly id: string; readonly sealed_key: Buffer | null }[]>(
      `select id, sealed_key from obligations where tenant_id = $1 and retry_wanted
        order by id limit $2 for update skip locked`,
      [tenant, limit],
    );
    return rows.map(({ id, sealed_key: sealedKey }) => ({ id, sealedKey }));
  }

  /** They have their successors, with the keys. */
  async succeeded(tx: EntityManager, tenant: TenantId, ids: readonly string[]): Promise<void> {
    await tx.query(
      'update obligations set retry_wanted = false, sealed_key = null where tenant_id = $1 and id = any($2::uuid[])',
      [tenant, ids],
    );
  }

  async tenantsWithWanted(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from obligations
        where retry_wanted and tenant_id <> all (array(select id from tenants where state = 'erasing'))`,
    );
    return rows.map((row) => row.tenant_id);
  }
}
