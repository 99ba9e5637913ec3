import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import { PreparedStatements } from '#platform/database';
import { consentActions, type ConsentAction, type ConsentState } from './domain/decide.js';

/** One event as it is stored; its number is its place in the tenant's ledger. */
export interface ConsentEvent {
  readonly number: number;
  readonly subjectRef: SubjectRef;
  readonly purpose: string;
  readonly action: ConsentAction;
  readonly at: Date;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
  readonly channel: string;
}

interface StateRow {
  readonly action: string | null;
  readonly since: Date | null;
  readonly expires_at: Date | null;
  readonly notice_version: string | null;
  readonly number: string | null;
}

interface DecisionRow extends StateRow {
  readonly revision: string;
  readonly epoch: number;
  readonly policy_version: number | null;
  readonly subject_ref: string | null;
  readonly suppressed: boolean;
}

/** What the hot path reads in one round trip. */
export interface DecisionSnapshot {
  readonly revision: number;
  readonly epoch: number;
  readonly policyVersion: number | undefined;
  readonly subjectKnown: boolean;
  readonly suppressed: boolean;
  readonly consent: ConsentState | undefined;
}

const decisionState = {
  name: 'consent.decision_state',
  text: 'select * from decision_state($1, $2, $3, $4, $5)',
};

@Injectable()
export class ConsentRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  async snapshot(
    tenant: TenantId,
    identifier: { readonly type: string; readonly hash: Buffer },
    purpose: string,
    at: Date,
  ): Promise<DecisionSnapshot | undefined> {
    const [row] = await this.prepared.rows<DecisionRow>(decisionState, [
      tenant,
      identifier.type,
      identifier.hash,
      purpose,
      at,
    ]);
    if (row === undefined) return undefined;
    return {
      revision: Number(row.revision),
      epoch: row.epoch,
      policyVersion: row.policy_version ?? undefined,
      subjectKnown: row.subject_ref !== null,
      suppressed: row.suppressed,
      consent: readState(row),
    };
  }

  /** Appends events and derives the current state. Called under the tenant's counter, so that states follow the numbers. */
  async record(tx: EntityManager, tenant: TenantId, events: readonly ConsentEvent[]): Promise<void> {
    const columns = (list: readonly ConsentEvent[]) => [
      tenant,
      list.map((event) => event.number),
      list.map((event) => event.subjectRef),
      list.map((event) => event.purpose),
      list.map((event) => event.action),
      list.map((event) => event.at),
      list.map((event) => event.expiresAt),
      list.map((event) => event.noticeVersion),
    ];
    await tx.query(
      `insert into consent_events (tenant_id, number, subject_ref, purpose, action, at, expires_at, notice_version, channel)
       select $1, * from unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[])`,
      [...columns(events), events.map((event) => event.channel)],
    );
    await tx.query(
      `insert into consent_states (tenant_id, number, subject_ref, purpose, action, since, expires_at, notice_version)
       select $1, * from unnest($2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[])
       on conflict (tenant_id, subject_ref, purpose) do update
         set number = excluded.number, action = excluded.action, since = excluded.since,
             expires_at = excluded.expires_at, notice_version = excluded.notice_version
       where consent_states.number < excluded.number`,
      columns(lastOfEach(events)),
    );
  }

  /** Withdrawals and objections whose consequences are not planned yet, oldest first; locked against other planners. */
  async unplanned(tx: EntityManager, tenant: TenantId, limit: number): Promise<readonly ConsentEvent[]> {
    const rows = await tx.query<
      {
        number: string;
        subject_ref: string;
        purpose: string;
        at: Date;
        expires_at: Date | null;
        notice_version: string | null;
        channel: string;
        action: string;
      }[]
    >(
      `select number, subject_ref, purpose, action, at, expires_at, notice_version, channel from consent_events
        where tenant_id = $1 and planned_at is null and action in ('withdraw', 'object')
        order by number limit $2 for update skip locked`,
      [tenant, limit],
    );
    return rows.map((row) => ({
      number: Number(row.number),
      subjectRef: subjectRef(row.subject_ref),
      purpose: row.purpose,
      action: readAction(row.action),
      at: row.at,
      expiresAt: row.expires_at,
      noticeVersion: row.notice_version,
      channel: row.channel,
    }));
  }

  /** How many withdrawals and objections of a tenant nobody has planned yet. */
  async countUnplanned(tx: EntityManager, tenant: TenantId): Promise<number> {
    const [row] = await tx.query<{ unplanned: number }[]>(
      `select count(*)::int as unplanned from consent_events
        where tenant_id = $1 and planned_at is null and action in ('withdraw', 'object')`,
      [tenant],
    );
    return row?.unplanned ?? 0;
  }

  async markPlanned(
    tx: EntityManager,
    tenant: TenantId,
    numbers: readonly number[],
    at: Date,
  ): Promise<void> {
    await tx.query(
      'update consent_events set planned_at = $3 where tenant_id = $1 and number = any($2::bigint[])',
      [tenant, numbers, at],
    );
  }

  /** The current states of subjects, by subject and purpose. */
  async states(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<ReadonlyMap<SubjectRef, ReadonlyMap<string, ConsentState>>> {
    const rows = await tx.query<(StateRow & { subject_ref: string; purpose: string })[]>(
      `select subject_ref, purpose, action, since, expires_at, notice_version, number
         from consent_states where tenant_id = $1 and subject_ref = any($2::uuid[])`,
      [tenant, refs],
    );
    const bySubject = new Map<SubjectRef, Map<string, ConsentState>>();
    for (const row of rows) {
      const ref = subjectRef(row.subject_ref);
      const states = bySubject.get(ref) ?? new Map<string, ConsentState>();
      const state = readState(row);
      if (state !== undefined) bySubject.set(ref, states.set(row.purpose, state));
    }
    return bySubject;
  }

  async forgetStates(tx: EntityManager, tenant: TenantId, refs: readonly SubjectRef[]): Promise<void> {
    await tx.query('delete from consent_states where tenant_id = $1 and subject_ref = any($2::uuid[])', [
      tenant,
      refs,
    ]);
  }

  /** Tenants with withdrawals that nobody has planned: what a lost bell left behind. */
  async tenantsWithUnplanned(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from consent_events where planned_at is null and action in ('withdraw', 'object')`,
    );
    return rows.map((row) => row.tenant_id);
  }
}

/** One batch may hold several events of one state; an upsert takes the last of each. */
function lastOfEach(events: readonly ConsentEvent[]): readonly ConsentEvent[] {
  return [...new Map(events.map((event) => [`${event.subjectRef} ${event.purpose}`, event])).values()];
}

function readState(row: StateRow): ConsentState | undefined {
  if (row.action === null || row.since === null || row.number === null) return undefined;
  return {
    action: readAction(row.action),
    since: row.since,
    expiresAt: row.expires_at,
    noticeVersion: row.notice_version,
    number: Number(row.number),
  };
}

function readAction(text: string): ConsentAction {
  const action = consentActions.find((known) => known === text);
  if (action === undefined) throw new TypeError('unknown consent action in the database');
  return action;
}
