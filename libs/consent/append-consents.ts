import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject, TenantId } from '#kernel';
import { AppendEntries, HeardChanges, type DraftedEntries } from '#ledger';
import { Outbox, type Bell } from '#platform/outbox';
import {
  WriteConsentsRepository,
  type ConsentBatch,
  type Recorded,
  type RecordStamp,
} from './write-consents.repository.js';
import type { NewConsentEvent } from './domain/consent.js';
import { planWithdrawalsJob } from './jobs.js';

/** Appends consent events, whoever they come from: events, states, ledger entries and bells in one transaction. Call it last. */
@Injectable()
export class AppendConsents {
  constructor(
    private readonly repository: WriteConsentsRepository,
    private readonly appendEntries: AppendEntries,
    private readonly outbox: Outbox,
    private readonly heard: HeardChanges,
  ) {}

  /** Event k has the number `first + k`. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    stamp: RecordStamp,
    events: readonly NewConsentEvent[],
  ): Promise<Recorded> {
    const { entries, bells } = this.draft(tenant, stamp, events);
    await this.outbox.add(tx, bells);
    const recorded = await this.repository.record(tx, tenant, stamp, events, entries);
    if (recorded === undefined) throw await this.appendEntries.refusal(tx, tenant);
    return this.appendEntries.announce(tx, tenant, recorded, entries);
  }

  /** The same as a transaction of its own, of one statement; null when the tenant's log takes no more. */
  async alone(
    tenant: TenantId,
    batch: Omit<ConsentBatch, 'entries' | 'bells'>,
  ): Promise<Recorded | undefined> {
    const { entries, bells } = this.draft(tenant, batch, batch.events);
    const recorded = await this.repository.write(tenant, { ...batch, entries, bells });
    if (recorded === undefined) return undefined;
    this.heard.tell({
      tenant,
      last: recorded.first + batch.events.length - 1,
      kinds: entries.kinds,
      refs: entries.refs,
    });
    return recorded;
  }

  private draft(
    tenant: TenantId,
    { at }: RecordStamp,
    events: readonly NewConsentEvent[],
  ): { readonly entries: DraftedEntries; readonly bells: readonly Bell[] } {
    const entries = this.appendEntries.draft(
      events.map((event) => ({
        kind: 'consent.recorded',
        subjectRef: event.subjectRef,
        data: entryOf(event, at),
      })),
    );
    const lost = events.some(({ action }) => action !== 'grant' && action !== 'renew');
    const planning = lost ? [planWithdrawalsJob.bell({ tenantId: tenant })] : [];
    return { entries, bells: [this.appendEntries.bell(tenant), ...planning] };
  }
}

/** What the public log says of an event: neither whom it is about nor anything that somebody wrote. */
function entryOf(event: NewConsentEvent, at: Date): JsonObject {
  const { purpose, action, channel, noticeVersion, expiresAt, occurredAt, actorKind, jurisdiction } = event;
  return {
    purpose,
    action,
    channel,
    noticeVersion,
    expiresAt: expiresAt?.toISOString() ?? null,
    actor: actorKind,
    ...(jurisdiction === null ? {} : { jurisdiction }),
    ...(occurredAt.getTime() === at.getTime() ? {} : { occurredAt: occurredAt.toISOString() }),
  };
}
