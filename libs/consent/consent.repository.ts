import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ConsentState } from '#decisions';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import type { ConsentEvent } from './domain/consent.js';
import { readAction, readState } from './domain/read-state.js';

/** Statements on consent events and the states derived from them; each serves a batch. */
@Injectable()
export class ConsentRepository {
  /** Takes the tenant's counter: until the commit nobody else changes a state. */
  async lockStates(tx: EntityManager, tenant: TenantId): Promise<void> {
    await tx.query('select 1 from ledger_counters where tenant_id = $1 for no key update', [tenant]);
  }

  /** Consents that have run out and that no event says so of, the longest first. */
  async lapsed(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    most: number,
  ): Promise<
    readonly {
      readonly subjectRef: SubjectRef;
      readonly purpose: string;
      readonly expiresAt: Date;
      readonly noticeVersion: string | null;
    }[]
  > {
    const rows = await tx.query<
      { subject_ref: string; purpose: string; expires_at: Date; notice_version: string | null }[]
    >(
      `select subject_ref, purpose, expires_at, notice_version from consent_states
        where tenant_id = $1 and action in ('grant', 'renew') and expires_at <= $2
        order by expires_at limit $3`,
      [tenant, now, most],
    );
    return rows.map((row) => ({
      subjectRef: subjectRef(row.subject_ref),
      purpose: row.purpose,
      expiresAt: row.expires_at,
      noticeVersion: row.notice_version,
    }));
  }

  /** Tenants with consents that have run out and that no event says so of. */
  async tenantsWithLapsed(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select t.id as tenant_id from tenants t where t.state = 'active' and exists (
         select 1 from consent_states s
          where s.tenant_id = t.id and s.action in ('grant', 'renew') and s.expires_at <= $1)`,
      [now],
    );
    return rows.map((row) => row.tenant_id);
  }

  /** Events other than a yes whose consequences are not planned yet, oldest first; locked against other planners. */
  async unplanned(tx: EntityManager, tenant: TenantId, limit: number): Promise<readonly ConsentEvent[]> {
    const rows = await tx.query<
      { number: string; subject_ref: string; purpose: string; at: Date; action: string }[]
    >(
      `select number, subject_ref, purpose, at, action from consent_events
        where tenant_id = $1 and planned_at is null and action not in ('grant', 'renew')
        order by number limit $2 for update skip locked`,
      [tenant, limit],
    );
    return rows.map((row) => ({
      number: Number(row.number),
      subjectRef: subjectRef(row.subject_ref),
      purpose: row.purpose,
      at: row.at,
      action: readAction(row.action),
    }));
  }

  /** How many of those events of a tenant nobody has planned yet. */
  async countUnplanned(tx: EntityManager, tenant: TenantId): Promise<number> {
    const [row] = await tx.query<{ unplanned: number }[]>(
      `select count(*)::int as unplanned from consent_events
        where tenant_id = $1 and planned_at is null and action not in ('grant', 'renew')`,
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
    const rows = await tx.query<
      {
        subject_ref: string;
        purpose: string;
        action: string;
        since: Date;
        expires_at: Date | null;
        notice_version: string | null;
        number: string;
      }[]
    >(
      `select subject_ref, purpose, action, since, expires_at, notice_version, number
         from consent_states where tenant_id = $1 and subject_ref = any($2::uuid[])`,
      [tenant, refs],
    );
    const bySubject = new Map<SubjectRef, Map<string, ConsentState>>();
    for (const row of rows) {
      const ref = subjectRef(row.subject_ref);
      const states = bySubject.get(ref) ?? new Map<string, ConsentState>();
      bySubject.set(ref, states.set(row.purpose, readState(row)));
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
      `select distinct tenant_id from consent_events where planned_at is null and action not in ('grant', 'renew')`,
    );
    return rows.map((row) => row.tenant_id);
  }

  async byGuardian(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<ReadonlySet<number>> {
    const rows = await tx.query<{ number: string }[]>(
      `select number from consent_events where tenant_id = $1 and subject_ref = $2 and actor_kind = 'guardian'`,
      [tenant, ref],
    );
    return new Set(rows.map(({ number }) => Number(number)));
  }

  async isGuardian(
    tx: EntityManager,
    tenant: TenantId,
    subject: SubjectRef,
    guardian: SubjectRef,
  ): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      'select 1 from guardianships where tenant_id = $1 and subject_ref = $2 and guardian_ref = $3 and ended_at is null',
      [tenant, subject, guardian],
    );
    return rows.length > 0;
  }
}
