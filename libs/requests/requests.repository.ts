import { Injectable } from '@nestjs/common';
import { Any, type EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { subjectRef, type JsonObject, type SubjectRef, type TenantId } from '#kernel';
import type { RequestState } from './domain/settlement.js';
import { ReceiptRow } from './rows/receipt.row.js';
import { RequestRow } from './rows/request.row.js';

/** A data subject request as it stands. */
export interface Request {
  readonly id: string;
  readonly batchId: string | null;
  readonly kind: 'deletion';
  readonly state: RequestState;
  readonly subjectRef: SubjectRef;
  /** Signals collected up to and including this moment are erased. */
  readonly asOf: Date;
  readonly deadline: Date;
  readonly policyVersion: number;
  readonly settledAt: Date | null;
}

/** Which requests a caller asks for; without `id` and `batchId`, all of them. */
export interface RequestPage {
  readonly id?: string | undefined;
  readonly batchId?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A receipt's document and where its leaf stands in the tenant's ledger. */
export interface StoredReceipt {
  readonly document: JsonObject;
  readonly number: number;
}

@Injectable()
export class RequestsRepository {
  async insert(tx: EntityManager, tenant: TenantId, requests: readonly Request[]): Promise<void> {
    const documents = requests.map(
      ({ id, batchId, kind, subjectRef: ref, asOf, deadline, policyVersion }) => ({
        id,
        batchId,
        kind,
        ref,
        asOf,
        deadline,
        policyVersion,
      }),
    );
    await tx.query(
      `insert into requests (tenant_id, id, batch_id, kind, state, subject_ref, as_of, deadline, policy_version)
       select $1, r.id, r."batchId", r.kind, 'received', r.ref, r."asOf", r.deadline, r."policyVersion"
         from jsonb_to_recordset($2::jsonb) as r (
              id uuid, "batchId" uuid, kind text, ref uuid, "asOf" timestamptz, deadline timestamptz, "policyVersion" integer)`,
      [tenant, JSON.stringify(documents)],
    );
  }

  /** Requests of these people that are not settled: a new one joins them. */
  async open(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<ReadonlyMap<SubjectRef, string>> {
    const rows = await tx.query<{ subject_ref: string; id: string }[]>(
      `select subject_ref, id from requests
        where tenant_id = $1 and subject_ref = any($2::uuid[]) and state in ('received', 'running')`,
      [tenant, refs],
    );
    return new Map(rows.map((row) => [subjectRef(row.subject_ref), row.id]));
  }

  /** Takes received requests for planning; locked against other planners. */
  async received(tx: EntityManager, tenant: TenantId, limit: number): Promise<readonly Request[]> {
    const rows = await tx.find(RequestRow, {
      where: { tenantId: tenant, state: 'received' },
      order: { id: 'asc' },
      take: limit,
      lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    });
    return rows.map(read);
  }

  async markRunning(tx: EntityManager, tenant: TenantId, ids: readonly string[]): Promise<void> {
    await tx.query(
      `update requests set state = 'running' where tenant_id = $1 and id = any($2::uuid[]) and state = 'received'`,
      [tenant, ids],
    );
  }

  /** Settled once more in the same state, it was settled when it was. */
  async settle(
    tx: EntityManager,
    tenant: TenantId,
    settled: readonly { readonly id: string; readonly state: RequestState }[],
    at: Date,
  ): Promise<void> {
    await tx.query(
      `update requests r set state = s.state, settled_at = case when r.state = s.state then coalesce(r.settled_at, $4) else $4 end
         from unnest($2::uuid[], $3::text[]) as s (id, state)
        where r.tenant_id = $1 and r.id = s.id and r.state <> 'received'`,
      [tenant, settled.map(({ id }) => id), settled.map(({ state }) => state), at],
    );
  }

  async insertReceipts(
    tx: EntityManager,
    tenant: TenantId,
    receipts: readonly (StoredReceipt & { readonly requestId: string })[],
    at: Date,
  ): Promise<void> {
    await tx.query(
      `insert into receipts (tenant_id, request_id, document, number, issued_at)
       select $1, r."requestId", r.document, r.number, $3
         from jsonb_to_recordset($2::jsonb) as r ("requestId" uuid, document jsonb, number bigint)`,
      [tenant, JSON.stringify(receipts), at],
    );
  }

  async byIds(tx: EntityManager, tenant: TenantId, ids: readonly string[]): Promise<readonly Request[]> {
    const rows = await tx.findBy(RequestRow, { tenantId: tenant, id: Any([...ids]) });
    return rows.map(read);
  }

  /** A page of the requests that the filter lets through, by id. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    wanted: RequestPage,
  ): Promise<readonly Request[]> {
    const { id, batchId, after, limit } = wanted;
    const query = tx
      .createQueryBuilder(RequestRow, 'r')
      .where('r.tenantId = :tenant', { tenant })
      .andWhere(...visible.named({ tenant: 'r.tenantId', subjectRef: 'r.subjectRef' }))
      .orderBy('r.id')
      .take(limit);
    if (id !== undefined) query.andWhere('r.id = :id', { id });
    if (batchId !== undefined) query.andWhere('r.batchId = :batchId', { batchId });
    if (after !== undefined) query.andWhere('r.id > :after', { after });
    return (await query.getMany()).map(read);
  }

  /** The latest: each amends the one before. */
  async receipt(tx: EntityManager, tenant: TenantId, requestId: string): Promise<StoredReceipt | undefined> {
    const where = { tenantId: tenant, requestId };
    const row = await tx.findOne(ReceiptRow, { where, order: { number: 'desc' } });
    return row === null ? undefined : { document: row.document, number: Number(row.number) };
  }

  /** By request; one that was never settled has none. */
  async latestReceipts(
    tx: EntityManager,
    tenant: TenantId,
    requestIds: readonly string[],
  ): Promise<ReadonlyMap<string, JsonObject>> {
    const where = { tenantId: tenant, requestId: Any([...requestIds]) };
    const rows = await tx.find(ReceiptRow, { where, order: { number: 'asc' } });
    return new Map(rows.map(({ requestId, document }) => [requestId, document]));
  }

  /** How many requests of a tenant are not settled. */
  async countOpen(tx: EntityManager, tenant: TenantId): Promise<number> {
    return tx.countBy(RequestRow, { tenantId: tenant, state: Any(['received', 'running']) });
  }

  async tenantsWithReceived(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from requests where state = 'received'`,
    );
    return rows.map((row) => row.tenant_id);
  }
}

function read(row: RequestRow): Request {
  const { id, batchId, kind, state, asOf, deadline, policyVersion, settledAt } = row;
  return {
    id,
    batchId,
    kind,
    state,
    subjectRef: subjectRef(row.subjectRef),
    asOf,
    deadline,
    policyVersion,
    settledAt,
  };
}
