import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StoreId, SubjectRef, TenantId } from '#kernel';
import { Distinct } from './domain/distinct.js';
import type { CauseKind } from './domain/plan.js';
import { readObligation, type ObligationRow } from './obligation-rows.js';
import { endedBy, type Obligation, type Settlement } from './obligation.js';

/** An obligation as planning inserts it. */
export interface NewObligation {
  readonly id: string;
  readonly laneId: string;
  readonly storeId: StoreId;
  readonly dataset: string;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  readonly sealedKey: Buffer | null;
  readonly onlyPurposes: readonly string[] | null;
  /** By which moment a sweep judges rows; `collected` for everything else. */
  readonly moment: string;
  readonly cutOff: Date | null;
  readonly asOf: Date;
  readonly deadline: Date;
  readonly dueAt: Date | null;
  readonly awaits: readonly string[];
  /** An obligation that cannot be done is born settled, so that nobody waits for it. */
  readonly outcome: 'unsupported' | 'retained' | 'held' | null;
  /** The legal basis of what is retained or held. */
  readonly basis: string | null;
  /** The hold that holds it from the start. */
  readonly holdId: string | null;
  /** Until when it is retained; null also for what is not. */
  readonly retainedUntil: Date | null;
  readonly error: string | null;
}

/** Statements on obligations and their causes; each serves a batch. */
@Injectable()
export class ObligationsRepository {
  async insert(
    tx: EntityManager,
    tenant: TenantId,
    obligations: readonly NewObligation[],
    stamp: { readonly policyVersion: number; readonly at: Date },
  ): Promise<void> {
    const { rows, causes, parts } = factored(obligations);
    await tx.query(
      `insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, subject_ref, sealed_key,
                                only_purposes, moment, cut_off, as_of, deadline, due_at, awaits, policy_version, outcome, basis, hold_id, retained_until, error, planned_at, settled_at)
       select $1, o.id, p."laneId", p."storeId", p.dataset, 'purge', c."causeKind", c."causeId", c."subjectRef", decode(o.key, 'hex'),
              c."onlyPurposes", c.moment, c."cutOff", c."asOf", c.deadline, p."dueAt", p.awaits, $3, p.outcome, p.basis, p."holdId", p."retainedUntil", p.error, $4,
              case when p.outcome is null then null else $4::timestamptz end
         from unnest($2::uuid[], $5::text[], $6::integer[], $7::integer[]) as o (id, key, cause, part)
         join rows from (jsonb_to_recordset($8::jsonb) as (
              "causeKind" text, "causeId" uuid, "subjectRef" uuid, "onlyPurposes" text[], moment text, "cutOff" timestamptz,
              "asOf" timestamptz, deadline timestamptz)) with ordinality as c on c.ordinality = o.cause
         join rows from (jsonb_to_recordset($9::jsonb) as (
              "laneId" uuid, "storeId" uuid, dataset text, "dueAt" timestamptz, awaits text[],
              outcome text, basis text, "holdId" uuid, "retainedUntil" timestamptz, error text)) with ordinality as p on p.ordinality = o.part`,
      [
        tenant,
        rows.map(({ id }) => id),
        stamp.policyVersion,
        stamp.at,
        rows.map(({ key }) => key),
        rows.map(({ cause }) => cause),
        rows.map(({ part }) => part),
        causes,
        parts,
      ],
    );
  }

  /** A cause with nothing to do is settled from the start. */
  async insertCauses(
    tx: EntityManager,
    tenant: TenantId,
    causes: readonly { readonly id: string; readonly kind: CauseKind; readonly open: number }[],
    at: Date,
  ): Promise<void> {
    await tx.query(
      `insert into causes (tenant_id, id, kind, open, planned_at, settled_at)
       select $1, c.id, c.kind, c.open, $5, case when c.open = 0 then $5::timestamptz end
         from unnest($2::uuid[], $3::text[], $4::integer[]) as c (id, kind, open)`,
      [
        tenant,
        causes.map(({ id }) => id),
        causes.map(({ kind }) => kind),
        causes.map(({ open }) => open),
        at,
      ],
    );
  }

  /**
   * Locks causes until the transaction ends, in the order of their ids. Lanes that settle parts of the same causes at once
   * release each other's obligations and count the same causes down: who holds the causes may do so in any order.
   */
  async lockCauses(
    tx: EntityManager,
    causes: readonly { readonly tenant: TenantId; readonly causeId: string }[],
  ): Promise<void> {
    await tx.query(
      `select 1 from causes c
         join (select distinct * from unnest($1::uuid[], $2::uuid[]) as r (tenant, id)) s on c.tenant_id = s.tenant and c.id = s.id
        order by c.tenant_id, c.id for no key update of c`,
      [causes.map(({ tenant }) => tenant), causes.map(({ causeId }) => causeId)],
    );
  }

  /**
   * Writes what attempts did, and wipes the sealed keys of what nobody will look for again or retry. Answers the settlements that were written:
   * an obligation that has gone meanwhile, or whose tenant is being erased, is settled by nobody.
   */
  async settle(
    tx: EntityManager,
    scheduled: readonly { readonly settlement: Settlement; readonly readBackDueAt: Date | null }[],
    now: Date,
  ): Promise<readonly Settlement[]> {
    const documents = scheduled.map(({ settlement, readBackDueAt }) => {
      const { obligation, ...rest } = settlement;
      const { tenant, id } = obligation;
      return { ...rest, ...endedBy(settlement), readBackDueAt, tenant, id };
    });
    const [rows] = await tx.query<[{ tenant_id: string; id: string }[], number]>(
      `update obligations o
          set attempts = case when s.spared then o.attempts - 1
                              when s.outcome is null and s.error is null then 0 else o.attempts end,
              rows = o.rows + s.removed, exact = o.exact and s.exact, outcome = s.outcome, level = s.level, error = s.error,
              hold_id = s."holdId", basis = s.basis, retained_until = s."retainedUntil",
              due_at = case when s.outcome is not null then null
                            when s."dueAt" is null and o.awaits = '{}' then $2::timestamptz
                            else s."dueAt" end,
              progress = s.progress,
              settled_at = case when s.outcome is not null then $2::timestamptz end,
              sealed_key = case when s.outcome is null or s.outcome = 'failed' or s."readBackDueAt" is not null then o.sealed_key end,
              read_back_due_at = s."readBackDueAt"
         from jsonb_to_recordset($1::jsonb) as s (
              tenant uuid, id uuid, removed bigint, exact boolean, outcome text, level text, error text, "dueAt" timestamptz, progress text,
              "holdId" uuid, basis text, "retainedUntil" timestamptz, spared boolean, "readBackDueAt" timestamptz)
        where o.tenant_id = s.tenant and o.id = s.id and o.settled_at is null
          and o.tenant_id <> all (array(select id from tenants where state = 'erasing'))
        returning o.tenant_id, o.id`,
      [JSON.stringify(documents), now],
    );
    const written = new Set(rows.map((row) => `${row.tenant_id} ${row.id}`));
    const settlements = scheduled.map(({ settlement }) => settlement);
    return settlements.filter(({ obligation: { tenant, id } }) => written.has(`${tenant} ${id}`));
  }

  /**
   * What was derived from settled datasets for the same cause and person may go now, several sources of one
   * dataset at once. Answers the lanes to wake.
   */
  async release(
    tx: EntityManager,
    settled: readonly {
      readonly tenant: TenantId;
      readonly causeId: string;
      readonly subjectRef: SubjectRef | null;
      readonly dataset: string;
    }[],
    now: Date,
  ): Promise<readonly string[]> {
    const [rows] = await tx.query<[{ lane_id: string }[], number]>(
      `update obligations o
          set awaits = array(select source from unnest(o.awaits) as source where source <> all (s.datasets)),
              due_at = case when o.awaits <@ s.datasets then $2::timestamptz else o.due_at end
         from (select tenant, "causeId", "subjectRef", array_agg(dataset) as datasets
                 from jsonb_to_recordset($1::jsonb) as r (tenant uuid, "causeId" uuid, "subjectRef" uuid, dataset text)
                group by 1, 2, 3) s
        where o.tenant_id = s.tenant and o.cause_id = s."causeId" and o.subject_ref = s."subjectRef"
          and o.settled_at is null and o.awaits && s.datasets
        returning o.lane_id`,
      [JSON.stringify(settled), now],
    );
    return [...new Set(rows.map((row) => row.lane_id))];
  }

  /** Counts causes down; answers those that have nothing open any more. */
  async countDown(
    tx: EntityManager,
    counts: readonly { readonly tenant: TenantId; readonly causeId: string; readonly settled: number }[],
    now: Date,
  ): Promise<readonly { readonly tenant_id: TenantId; readonly kind: CauseKind }[]> {
    const [rows] = await tx.query<[{ tenant_id: TenantId; kind: CauseKind; open: number }[], number]>(
      `update causes c set open = c.open - s.settled, settled_at = case when c.open = s.settled then $2::timestamptz end
         from jsonb_to_recordset($1::jsonb) as s (tenant uuid, "causeId" uuid, settled integer)
        where c.tenant_id = s.tenant and c.id = s."causeId"
        returning c.tenant_id, c.kind, c.open`,
      [JSON.stringify(counts), now],
    );
    return rows.filter((row) => row.open === 0);
  }

  /** How many obligations of a tenant are not settled, or are to be retried. */
  async countOpen(tx: EntityManager, tenant: TenantId): Promise<number> {
    const [row] = await tx.query<{ open: number }[]>(
      'select count(*)::int as open from obligations where tenant_id = $1 and (settled_at is null or retry_wanted)',
      [tenant],
    );
    return row?.open ?? 0;
  }

  /** Settled causes of a kind that whoever raised them has not taken note of; locked against others who look. */
  async settledCauses(
    tx: EntityManager,
    tenant: TenantId,
    kind: CauseKind,
    limit: number,
  ): Promise<readonly string[]> {
    const rows = await tx.query<{ id: string }[]>(
      `select id from causes where tenant_id = $1 and kind = $2 and settled_at is not null and closed_at is null
        order by id limit $3 for update skip locked`,
      [tenant, kind, limit],
    );
    return rows.map((row) => row.id);
  }

  async closeCauses(tx: EntityManager, tenant: TenantId, ids: readonly string[], at: Date): Promise<void> {
    await tx.query('update causes set closed_at = $3 where tenant_id = $1 and id = any($2::uuid[])', [
      tenant,
      ids,
      at,
    ]);
  }

  async tenantsWithSettledCauses(
    tx: EntityManager,
  ): Promise<readonly { readonly tenant_id: string; readonly kind: CauseKind }[]> {
    return tx.query(
      `select distinct tenant_id, kind from causes
        where kind in ('request', 'sweep') and settled_at is not null and closed_at is null`,
    );
  }

  async ofCauses(
    tx: EntityManager,
    tenant: TenantId,
    causeIds: readonly string[],
  ): Promise<readonly Obligation[]> {
    const rows = await tx.query<ObligationRow[]>(
      'select * from obligations where tenant_id = $1 and cause_id = any($2::uuid[]) order by cause_id, id',
      [tenant, causeIds],
    );
    return rows.map(readObligation);
  }
}

/** Most of what a plan says, it says of many: each is sent once, and rows name its place. */
function factored(obligations: readonly NewObligation[]) {
  const causes = new Distinct();
  const parts = new Distinct();
  const rows = obligations.map(({ id, sealedKey, ...one }) => {
    const { causeKind, causeId, subjectRef, onlyPurposes, moment, cutOff, asOf, deadline, ...part } = one;
    return {
      id,
      key: sealedKey?.toString('hex') ?? null,
      cause: causes.placeOf({
        causeKind,
        causeId,
        subjectRef,
        onlyPurposes,
        moment,
        cutOff,
        asOf,
        deadline,
      }),
      part: parts.placeOf(part),
    };
  });
  return { rows, causes: causes.json(), parts: parts.json() };
}
