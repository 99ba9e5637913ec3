import { Injectable } from '@nestjs/common';
import {
  Any,
  IsNull,
  LessThanOrEqual,
  MoreThan,
  Not,
  type EntityManager,
  type FindOptionsWhere,
} from 'typeorm';
import type { SubjectRef, TenantId } from '#kernel';
import type { Hold, HoldState } from '../domain/hold.js';
import { HoldRow } from '../rows/hold.row.js';

/** Which holds a caller asks for. */
export interface HoldPage {
  readonly state: HoldState | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** An identifier of somebody whom a hold names, still sealed. */
export interface HeldIdentifier {
  readonly holdId: string;
  /** Whom the hold names. */
  readonly subjectRef: SubjectRef;
  readonly type: string;
  readonly sealed: Buffer;
}

/** An identifier by which a hold names somebody. */
export interface NamedIdentifier {
  readonly subjectRef: SubjectRef;
  readonly type: string;
  readonly hash: Buffer;
  readonly keyId: number;
  readonly sealed: Buffer;
}

/** Statements on holds, and on what they know people by. */
@Injectable()
export class HoldsRepository {
  /** Keeps the tenant from leaving until the transaction ends; false when it is leaving already. */
  async stay(tx: EntityManager, tenant: TenantId): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `select 1 from tenants where id = $1 and state = 'active' for share`,
      [tenant],
    );
    return rows.length === 1;
  }

  /** With copies of the identifiers of the people it names; those of erased people have to be given. */
  async insert(
    tx: EntityManager,
    tenant: TenantId,
    { scope, ...hold }: Hold,
    erased: readonly NamedIdentifier[],
  ): Promise<void> {
    const { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil } = scope;
    const covered = { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil };
    await tx.insert(HoldRow, { ...hold, ...covered, tenantId: tenant, endedAt: null });
    await tx.query(
      `insert into hold_identifiers (tenant_id, hold_id, type, hash, key_id, subject_ref, sealed)
       select tenant_id, $3::uuid, type, hash, key_id, subject_ref, sealed
         from subject_identifiers where tenant_id = $1 and subject_ref = any($2::uuid[])
       union
       select $1::uuid, $3::uuid, type, hash, key_id, subject_ref, sealed
         from unnest($4::text[], $5::bytea[], $6::smallint[], $7::uuid[], $8::bytea[]) as e (type, hash, key_id, subject_ref, sealed)
       on conflict (tenant_id, hold_id, type, hash) do nothing`,
      [
        tenant,
        subjectRefs,
        hold.id,
        erased.map(({ type }) => type),
        erased.map(({ hash }) => hash),
        erased.map(({ keyId }) => keyId),
        erased.map(({ subjectRef }) => subjectRef),
        erased.map(({ sealed }) => sealed),
      ],
    );
  }

  async find(tx: EntityManager, tenant: TenantId, id: string): Promise<Hold | undefined> {
    const row = await tx.findOneBy(HoldRow, { tenantId: tenant, id });
    return row === null ? undefined : read(row);
  }

  /** As `find`, locked against other changes until the transaction ends, and not against rows that refer to it. */
  async lock(tx: EntityManager, tenant: TenantId, id: string): Promise<Hold | undefined> {
    const lock = { mode: 'for_no_key_update' } as const;
    const row = await tx.findOne(HoldRow, { where: { tenantId: tenant, id }, lock });
    return row === null ? undefined : read(row);
  }

  /** Oldest first. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    { state, after, limit }: HoldPage,
    now: Date,
  ): Promise<readonly Hold[]> {
    const own = { tenantId: tenant, ...(after === undefined ? {} : { id: MoreThan(after) }) };
    const where = whereOf(state, now).map((condition) => ({ ...own, ...condition }));
    return (await tx.find(HoldRow, { where, order: { id: 'asc' }, take: limit })).map(read);
  }

  async lift(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    lifting: Pick<HoldRow, 'liftedBy' | 'liftedAt' | 'liftReason'>,
  ): Promise<void> {
    await tx.update(HoldRow, { tenantId: tenant, id }, lifting);
  }

  /** The active holds of tenants, by tenant; most have none. */
  async inForce(
    tx: EntityManager,
    tenants: readonly TenantId[],
    now: Date,
  ): Promise<ReadonlyMap<string, readonly Hold[]>> {
    const where = whereOf('active', now).map((condition) => ({ ...condition, tenantId: Any([...tenants]) }));
    const rows = await tx.find(HoldRow, { where, order: { tenantId: 'asc', id: 'asc' } });
    const byTenant = Map.groupBy(rows, ({ tenantId }) => tenantId);
    return new Map([...byTenant].map(([tenant, own]) => [tenant, own.map(read)]));
  }

  /** Notes that the time of holds is up; answers which were not noted yet. */
  async end(tx: EntityManager, tenant: TenantId, now: Date): Promise<readonly string[]> {
    const [rows] = await tx.query<[{ id: string }[], number]>(
      `update holds set ended_at = $2
        where tenant_id = $1 and lifted_at is null and ended_at is null and until <= $2 returning id`,
      [tenant, now],
    );
    return rows.map(({ id }) => id).sort();
  }

  /** What holds that are over knew people by goes. */
  async forgetPeople(tx: EntityManager, tenant: TenantId): Promise<void> {
    await tx.query(
      `delete from hold_identifiers k using holds h
        where k.tenant_id = $1 and h.tenant_id = $1 and h.id = k.hold_id
          and (h.lifted_at is not null or h.ended_at is not null)`,
      [tenant],
    );
  }

  /**
   * Which of these people a hold names, by hold: as they were known when it was placed, and whoever they were merged
   * into, split from or erased as since. A hold goes with the identifier.
   */
  async named(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const rows = await tx.query<{ hold_id: string; ref: string }[]>(
      `with recursive same (ref, one) as (
         select ref, ref from unnest($2::uuid[]) as wanted (ref)
         union
         select s.ref, m.merged_into from same s join subjects m on m.tenant_id = $1 and m.ref = s.one and m.merged_into is not null)
       select k.hold_id, s.ref from same s join hold_identifiers k on k.tenant_id = $1 and k.subject_ref = s.one
       union
       select k.hold_id, s.ref from same s
         join subject_identifiers i on i.tenant_id = $1 and i.subject_ref = s.one
         join hold_identifiers k on k.tenant_id = $1 and k.type = i.type and k.hash = i.hash
       union
       select k.hold_id, s.ref from same s
         join suppressions i on i.tenant_id = $1 and i.subject_ref = s.one
         join hold_identifiers k on k.tenant_id = $1 and k.type = i.type and k.hash = i.hash`,
      [tenant, refs],
    );
    const byHold = Map.groupBy(rows, (row) => row.hold_id);
    return new Map([...byHold].map(([hold, own]) => [hold, new Set(own.map(({ ref }) => ref))]));
  }

  /** What the people whom holds name are known by: then, and by now. */
  async identifiersOf(
    tx: EntityManager,
    tenant: TenantId,
    holds: readonly string[],
  ): Promise<readonly HeldIdentifier[]> {
    return tx.query(
      `select k.hold_id as "holdId", k.subject_ref as "subjectRef", k.type, k.sealed
         from hold_identifiers k where k.tenant_id = $1 and k.hold_id = any($2::uuid[])
       union all
       select k.hold_id, k.subject_ref, x.type, x.sealed
         from hold_identifiers k
         join subject_identifiers i on i.tenant_id = $1 and i.type = k.type and i.hash = k.hash
         join subject_identifiers x on x.tenant_id = $1 and x.subject_ref = i.subject_ref
        where k.tenant_id = $1 and k.hold_id = any($2::uuid[])`,
      [tenant, holds],
    );
  }
}

function whereOf(state: HoldState | undefined, now: Date): FindOptionsWhere<HoldRow>[] {
  switch (state) {
    case undefined:
      return [{}];
    case 'lifted':
      return [{ liftedAt: Not(IsNull()) }];
    case 'ended':
      return [{ liftedAt: IsNull(), until: LessThanOrEqual(now) }];
    case 'active':
      return [IsNull(), MoreThan(now)].map((until) => ({ liftedAt: IsNull(), endedAt: IsNull(), until }));
  }
}

function read(row: HoldRow): Hold {
  const { id, basis, matter, reason, placedBy, since, until, liftedBy, liftedAt, liftReason } = row;
  const { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil } = row;
  const scope = { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil };
  return { id, basis, matter, reason, scope, placedBy, since, until, liftedBy, liftedAt, liftReason };
}
