import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type StoreId, type SubjectRef, type TenantId } from '#kernel';
import { readClaimed, type ClaimedRow } from '../obligation-rows.js';
import type { ClaimedObligation } from '../obligation.js';

/** The successor of a settled obligation: the same selector, with its key sealed anew. */
export interface NewSuccessor {
  readonly tenant: TenantId;
  readonly id: string;
  /** The obligation that it continues. */
  readonly of: string;
  /** The hold that it waits for; null for what waits for none. */
  readonly holdId: string | null;
  /** When what the policy retains may go; null for what waits for nothing of the kind. */
  readonly retainedUntil: Date | null;
  readonly sealedKey: Buffer | null;
  readonly exact: boolean;
}

/** An obligation that may go on. */
export interface ReleasedObligation {
  readonly id: string;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  readonly storeId: StoreId;
  readonly dataset: string;
}

interface ReleasedRow {
  readonly id: string;
  readonly cause_id: string;
  readonly subject_ref: string | null;
  readonly store_id: StoreId;
  readonly dataset: string;
}

const isOver = '(h.lifted_at is not null or h.until <= $2)';
const isNoLongerRetained = '(o.retained_until is null or o.retained_until <= $2)';

/** Statements on work that waits for a hold, or for a time, to be over. */
@Injectable()
export class HeldRepository {
  /** Not due, and without a deadline that could pass: they wait for holds, for a time, or for somebody to resume them. */
  async succeed(
    tx: EntityManager,
    successors: readonly NewSuccessor[],
    at: Date,
  ): Promise<readonly ReleasedObligation[]> {
    const documents = successors.map(({ sealedKey, ...rest }) => ({
      ...rest,
      sealedKey: sealedKey?.toString('hex') ?? null,
    }));
    const rows = await tx.query<ReleasedRow[]>(
      `insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, subject_ref, sealed_key,
                                only_purposes, moment, cut_off, as_of, deadline, policy_version, exact, planned_at, hold_id, retained_until, succeeds)
       select o.tenant_id, s.id, o.lane_id, o.store_id, o.dataset, o.action, o.cause_kind, o.cause_id, o.subject_ref, decode(s."sealedKey", 'hex'),
              o.only_purposes, o.moment, o.cut_off, o.as_of, o.deadline, o.policy_version, s.exact, $2, s."holdId", s."retainedUntil", o.id
         from jsonb_to_recordset($1::jsonb) as s (tenant uuid, id uuid, "of" uuid, "holdId" uuid, "retainedUntil" timestamptz, "sealedKey" text, exact boolean)
         join obligations o on o.tenant_id = s.tenant and o.id = s."of"
       returning id, cause_id, subject_ref, store_id, dataset`,
      [JSON.stringify(documents), at],
    );
    return rows.map(readReleased);
  }

  /** What waits for holds or times that are over, locked against other workers. */
  async released(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    limit: number,
  ): Promise<readonly ReleasedObligation[]> {
    const rows = await tx.query<ReleasedRow[]>(
      `select o.id, o.cause_id, o.subject_ref, o.store_id, o.dataset
         from obligations o left join holds h on h.tenant_id = o.tenant_id and h.id = o.hold_id
        where o.tenant_id = $1 and o.settled_at is null and ((o.hold_id is not null and ${isOver}) or o.retained_until <= $2)
        order by o.cause_id, o.id limit $3 for update of o skip locked`,
      [tenant, now, limit],
    );
    return rows.map(readReleased);
  }

  /** What of these causes is open and may go on, now or already. */
  async open(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    causes: readonly string[],
  ): Promise<readonly ReleasedObligation[]> {
    const rows = await tx.query<ReleasedRow[]>(
      `select o.id, o.cause_id, o.subject_ref, o.store_id, o.dataset
         from obligations o left join holds h on h.tenant_id = o.tenant_id and h.id = o.hold_id
        where o.tenant_id = $1 and o.cause_id = any($3::uuid[]) and o.settled_at is null and (o.hold_id is null or ${isOver}) and ${isNoLongerRetained}`,
      [tenant, now, causes],
    );
    return rows.map(readReleased);
  }

  /** They are due, in the lane that their store has by now. Answers the lanes to wake. */
  async resume(
    tx: EntityManager,
    tenant: TenantId,
    resumed: readonly { readonly id: string; readonly awaits: readonly string[]; readonly dueAt: Date }[],
    deadline: Date,
  ): Promise<readonly string[]> {
    const [rows] = await tx.query<[{ lane_id: string }[], number]>(
      `update obligations o
          set hold_id = null, retained_until = null, awaits = r.awaits, due_at = r."dueAt", deadline = greatest(o.deadline, $3), lane_id = s.lane_id
         from jsonb_to_recordset($2::jsonb) as r (id uuid, awaits text[], "dueAt" timestamptz), stores s
        where o.tenant_id = $1 and o.id = r.id and s.tenant_id = $1 and s.id = o.store_id
        returning o.lane_id`,
      [tenant, JSON.stringify(resumed), deadline],
    );
    return [...new Set(rows.map((row) => row.lane_id))];
  }

  /** Causes of which something goes on are open again, whoever had closed them. */
  async reopen(
    tx: EntityManager,
    tenant: TenantId,
    causes: readonly { readonly id: string; readonly open: number }[],
  ): Promise<void> {
    await tx.query(
      `update causes c set open = c.open + r.open, settled_at = null, closed_at = null
         from unnest($2::uuid[], $3::integer[]) as r (id, open) where c.tenant_id = $1 and c.id = r.id`,
      [tenant, causes.map(({ id }) => id), causes.map(({ open }) => open)],
    );
  }

  /** Whose rows in a dataset are there because they are held or retained: nobody wrote them anew. */
  async waiting(
    tx: EntityManager,
    tenant: TenantId,
    place: { readonly storeId: StoreId; readonly dataset: string },
    refs: readonly SubjectRef[],
  ): Promise<ReadonlySet<string>> {
    const rows = await tx.query<{ subject_ref: string }[]>(
      `select distinct subject_ref from obligations
        where tenant_id = $1 and subject_ref = any($2::uuid[]) and store_id = $3 and dataset = $4
          and (outcome = 'retained' or (settled_at is null and (hold_id is not null or retained_until is not null)))`,
      [tenant, refs, place.storeId, place.dataset],
    );
    return new Set(rows.map((row) => row.subject_ref));
  }

  /** Takes the lanes of stores until the end of the transaction, and answers what of the tenant is in a batch there. */
  async inFlight(
    tx: EntityManager,
    tenant: TenantId,
    stores: readonly StoreId[],
  ): Promise<
    readonly {
      readonly batchId: string;
      readonly startedAt: Date;
      readonly obligation: ClaimedObligation;
    }[]
  > {
    const flights = await tx.query<
      { readonly batch_id: string; readonly started_at: Date; readonly obligation_id: string }[]
    >('select batch_id, started_at, obligation_id from obligations_in_flight($1, $2)', [tenant, stores]);
    // A statement of its own: what was planned and taken while we waited for the lanes is seen now.
    const rows = await tx.query<ClaimedRow[]>(
      `select tenant_id, id, store_id, dataset, cause_kind, cause_id, subject_ref, null as sealed_key, only_purposes, moment, cut_off,
              as_of, awaits, attempts, progress, rows, exact, policy_version, succeeds
         from obligations where tenant_id = $1 and id = any($2::uuid[])`,
      [tenant, flights.map((flight) => flight.obligation_id)],
    );
    const byId = new Map(rows.map((row) => [row.id, readClaimed(row)]));
    return flights.flatMap(({ batch_id: batchId, started_at: startedAt, obligation_id: id }) => {
      const obligation = byId.get(id);
      return obligation === undefined ? [] : [{ batchId, startedAt, obligation }];
    });
  }

  /** Tenants with holds or times that are over and of which somebody has still to take note. */
  async tenantsToRelease(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct h.tenant_id from holds h
        where (h.lifted_at is not null or h.until <= $1)
          and ((h.lifted_at is null and h.ended_at is null)
               or exists (select 1 from hold_identifiers k where k.tenant_id = h.tenant_id and k.hold_id = h.id)
               or exists (select 1 from obligations o
                           where o.tenant_id = h.tenant_id and o.hold_id = h.id and o.hold_id is not null and o.settled_at is null))
       union
       select o.tenant_id from obligations o where o.settled_at is null and o.retained_until <= $1`,
      [now],
    );
    return rows.map((row) => row.tenant_id);
  }
}

function readReleased(row: ReleasedRow): ReleasedObligation {
  const { id, cause_id: causeId, store_id: storeId, dataset } = row;
  const ref = row.subject_ref === null ? null : subjectRef(row.subject_ref);
  return { id, causeId, subjectRef: ref, storeId, dataset };
}
