import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Filter } from '#access';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import { actorKinds, type HistoricConsent } from './domain/consent.js';
import { readAction } from './domain/read-state.js';
import type { SaidEvent } from './domain/state-at.js';

interface HistoryRow {
  readonly number: string;
  readonly purpose: string;
  readonly action: string;
  readonly at: Date;
  readonly occurred_at: Date;
  readonly claimed_at: Date | null;
  readonly expires_at: Date | null;
  readonly notice_version: string | null;
  readonly language: string | null;
  readonly jurisdiction: string | null;
  readonly channel: string;
  readonly actor_kind: string;
  readonly proof: string | null;
  readonly policy_version: number | null;
  readonly context: unknown;
}

const actorKind = z.enum(actorKinds);
const context = z.record(z.string(), z.string()).nullable();

@Injectable()
export class HistoryRepository {
  /** Of the person and of everybody who was merged into them; newest first. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    ref: SubjectRef,
    visible: Filter,
    { limit, before }: { readonly limit: number; readonly before?: number | undefined },
  ): Promise<readonly HistoricConsent[]> {
    const values: unknown[] = [tenant, ref, before ?? null, limit];
    const where = visible.sql(
      { tenant: 'e.tenant_id', subjectRef: '$2', purpose: 'e.purpose' },
      (value) => `$${values.push(value)}`,
    );
    const rows = await tx.query<HistoryRow[]>(
      `with recursive people (ref) as (
         select $2::uuid union
         select s.ref from subjects s join people p on s.merged_into = p.ref where s.tenant_id = $1)
       select e.number, e.purpose, e.action, e.at, e.occurred_at, e.claimed_at, e.expires_at, e.notice_version, e.language, e.jurisdiction,
              e.channel, e.actor_kind, e.proof, e.policy_version, e.context
         from consent_events e join people p on e.subject_ref = p.ref
        where e.tenant_id = $1 and ($3::bigint is null or e.number < $3) and ${where}
        order by e.number desc limit $4`,
      values,
    );
    return rows.map((row) => ({
      number: Number(row.number),
      purpose: row.purpose,
      action: readAction(row.action),
      at: row.at,
      occurredAt: row.occurred_at,
      claimedAt: row.claimed_at,
      expiresAt: row.expires_at,
      noticeVersion: row.notice_version,
      language: row.language,
      jurisdiction: row.jurisdiction,
      channel: row.channel,
      actorKind: actorKind.parse(row.actor_kind),
      proof: row.proof,
      policyVersion: row.policy_version,
      context: context.parse(row.context),
    }));
  }

  /** What had happened by some moments to the people of then: those who were merged later count for themselves before. */
  async until(
    tx: EntityManager,
    tenant: TenantId,
    asked: readonly { readonly ref: SubjectRef; readonly moment: Date }[],
  ): Promise<readonly (readonly SaidEvent[])[]> {
    const rows = await tx.query<(EventRow & { readonly place: number })[]>(
      `with recursive people (place, ref, moment) as (
         select a.ord::int - 1, a.ref, a.moment from unnest($2::uuid[], $3::timestamptz[]) with ordinality as a (ref, moment, ord)
         union
         select p.place, s.ref, p.moment from subjects s join people p on s.merged_into = p.ref
          where s.tenant_id = $1 and s.merged_at > p.moment)
       select p.place, e.subject_ref, e.number, e.purpose, e.action, e.at, e.occurred_at, e.expires_at, e.notice_version
         from people p join consent_events e on e.tenant_id = $1 and e.subject_ref = p.ref and e.occurred_at <= p.moment`,
      [tenant, asked.map(({ ref }) => ref), asked.map(({ moment }) => moment)],
    );
    const events = asked.map((): SaidEvent[] => []);
    for (const row of rows) events[row.place]?.push(saidOf(row));
    return events;
  }
}

interface EventRow {
  readonly subject_ref: string;
  readonly number: string;
  readonly purpose: string;
  readonly action: string;
  readonly at: Date;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly notice_version: string | null;
}

function saidOf(row: EventRow): SaidEvent {
  return {
    subjectRef: subjectRef(row.subject_ref),
    number: Number(row.number),
    purpose: row.purpose,
    action: readAction(row.action),
    at: row.at,
    occurredAt: row.occurred_at,
    expiresAt: row.expires_at,
    noticeVersion: row.notice_version,
  };
}
