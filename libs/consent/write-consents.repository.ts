import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import type { DraftedEntries } from '#ledger';
import { PreparedStatements } from '#platform/database';
import type { Bell } from '#platform/outbox';
import type { NewSubject } from '#subjects';
import type { NewConsentEvent } from './domain/consent.js';

/** When a batch is written, and the policy that it was judged by. */
export interface RecordStamp {
  readonly at: Date;
  /** Null before the first. */
  readonly policyVersion: number | null;
}

/** Event k has the number `first + k`. */
export interface Recorded {
  readonly first: number;
  readonly epoch: number;
}

/** What a write is judged by, and whether it was done before. */
export interface WriteContext {
  readonly policyVersion: number | null;
  readonly subjectRef: SubjectRef | null;
  readonly suppressed: boolean;
  readonly ofAgeOn: string | null;
  readonly jurisdiction: string | null;
  readonly before: { readonly request: Buffer; readonly answer: unknown } | null;
}

/** A write that may be sent again: the position of its event, and what it is answered, but for the revision. */
export interface Repeatable {
  readonly index: number;
  readonly key: Buffer;
  readonly request: Buffer;
  readonly answer: { readonly at: string; readonly expiresAt: string | null };
}

/** Everything that a batch writes. */
export interface ConsentBatch extends RecordStamp {
  readonly events: readonly NewConsentEvent[];
  readonly entries: DraftedEntries;
  readonly bells: readonly Bell[];
  readonly people: readonly NewSubject[];
  readonly keyId: number;
  readonly repeatables: readonly Repeatable[];
}

interface ContextRow {
  readonly policy_version: number | null;
  readonly subject_ref: string | null;
  readonly suppressed: boolean;
  readonly of_age_on: string | null;
  readonly jurisdiction: string | null;
  readonly request: Buffer | null;
  readonly answer: unknown;
}

interface RecordedRow {
  readonly first: string;
  readonly epoch: number;
}

const context = {
  name: 'consent.context',
  text: `select policy_version, subject_ref, suppressed, of_age_on::text, jurisdiction, request, answer
           from consent_context($1, $2, $3, $4, $5)`,
};
const write = {
  name: 'consent.write',
  text: `select first, epoch from write_consents($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
           $17, $18, $19, $20, $21::smallint, $22, $23, $24, $25, $26, $27, $28, $29, $30)`,
};
/** SQLSTATE of what the statement raises for a log that takes no more. */
const noDataFound = 'P0002';
const record = `select first, epoch from record_consents($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`;

/** The statements that write: one to learn what a batch is judged by, one to write it. */
@Injectable()
export class WriteConsentsRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  /** One of each write, in order. A write without a key of its own has null for it. */
  async context(
    tenant: TenantId,
    at: Date,
    writes: readonly { readonly type: string; readonly hash: Buffer; readonly key: Buffer | null }[],
  ): Promise<readonly WriteContext[]> {
    const rows = await this.prepared.rows<ContextRow>(context, [
      tenant,
      at,
      writes.map(({ type }) => type),
      writes.map(({ hash }) => hash),
      writes.map(({ key }) => key),
    ]);
    return rows.map((row) => ({
      policyVersion: row.policy_version,
      subjectRef: row.subject_ref === null ? null : subjectRef(row.subject_ref),
      suppressed: row.suppressed,
      ofAgeOn: row.of_age_on,
      jurisdiction: row.jurisdiction,
      before: row.request === null ? null : { request: row.request, answer: row.answer },
    }));
  }

  /**
   * Writes a batch as one statement, which is its own transaction. Undefined when the tenant's log takes no more. Rejects as
   * not unique when somebody was first with one of the people or keys.
   */
  async write(tenant: TenantId, batch: ConsentBatch): Promise<Recorded | undefined> {
    const { bells, people, keyId, repeatables } = batch;
    const values = [
      ...recordValues(tenant, batch, batch.events, batch.entries),
      bells.map(({ kind }) => kind),
      JSON.stringify({ tenantId: tenant }),
      keyId,
      people.map(({ type }) => type),
      people.map(({ hash }) => hash),
      people.map(({ replicaHash }) => replicaHash),
      people.map(({ ref }) => ref),
      people.map(({ sealed }) => sealed),
      repeatables.map(({ index }) => index + 1),
      repeatables.map(({ key }) => key),
      repeatables.map(({ request }) => request),
      repeatables.map(({ answer }) => JSON.stringify(answer)),
    ];
    try {
      const [row] = await this.prepared.rows<RecordedRow>(write, values);
      return read(row);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === noDataFound) return undefined;
      throw error;
    }
  }

  /** Appends events with their ledger entries, and derives the states, in a transaction that does more. */
  async record(
    tx: EntityManager,
    tenant: TenantId,
    stamp: RecordStamp,
    events: readonly NewConsentEvent[],
    entries: DraftedEntries,
  ): Promise<Recorded | undefined> {
    const [row] = await tx.query<RecordedRow[]>(record, recordValues(tenant, stamp, events, entries));
    return read(row);
  }
}

function recordValues(
  tenant: TenantId,
  { at, policyVersion }: RecordStamp,
  events: readonly NewConsentEvent[],
  { heads, tails, salts }: DraftedEntries,
): unknown[] {
  const of = <T>(pick: (event: NewConsentEvent) => T) => events.map(pick);
  return [
    tenant,
    at,
    policyVersion,
    heads,
    tails,
    salts,
    of((event) => event.subjectRef),
    of((event) => event.purpose),
    of((event) => event.action),
    of((event) => event.occurredAt.toISOString()),
    of((event) => event.claimedAt?.toISOString() ?? null),
    of((event) => event.expiresAt?.toISOString() ?? null),
    of((event) => event.noticeVersion),
    of((event) => event.channel),
    of((event) => event.actorKind),
    of((event) => event.actor),
    of(details),
    roundsOf(events),
  ];
}

function read(row: RecordedRow | undefined): Recorded | undefined {
  return row === undefined ? undefined : { first: Number(row.first), epoch: row.epoch };
}

/** What few events have; null for the others. */
function details(event: NewConsentEvent): string | null {
  const { proof, guardianRef, language, jurisdiction, context } = event;
  if ([proof, guardianRef, language, jurisdiction, context].every((detail) => detail === null)) return null;
  return JSON.stringify({
    ...(proof === null ? {} : { proof }),
    ...(guardianRef === null ? {} : { guardianRef }),
    ...(language === null ? {} : { language }),
    ...(jurisdiction === null ? {} : { jurisdiction }),
    ...(context === null ? {} : { context }),
  });
}

/** A statement touches a state but once, so the second event of one state goes in a second round, and so on. */
function roundsOf(events: readonly NewConsentEvent[]): readonly number[] {
  const seen = new Map<string, number>();
  return events.map(({ subjectRef: ref, purpose }) => {
    const key = `${ref} ${purpose}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    return round;
  });
}
