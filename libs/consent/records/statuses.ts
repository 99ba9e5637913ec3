import { assertNever } from '#kernel';
import type { RecordedEvent, RecordedPurpose } from './consent-record.js';

/** Consent states of ISO/IEC TS 27560 Annex B, spelt as in the Data Privacy Vocabulary. The first two allow processing. */
export const consentStatuses = [
  'ConsentGiven',
  'RenewedConsentGiven',
  'ConsentUnknown',
  'ConsentRequested',
  'ConsentRequestDeferred',
  'ConsentRefused',
  'ConsentWithdrawn',
  'ConsentExpired',
  'ConsentTerminated',
  'ConsentInvalidated',
] as const;
export type ConsentStatus = (typeof consentStatuses)[number];

/** Whether processing may rest on a consent of this status. */
export function allowsProcessing(status: ConsentStatus): boolean {
  return status === 'ConsentGiven' || status === 'RenewedConsentGiven';
}

export function isYes({ action }: RecordedEvent): boolean {
  return action === 'grant' || action === 'renew';
}

/** When it happened, as far as we know. */
export function timeOf({ occurredAt, at }: RecordedEvent): Date {
  return occurredAt ?? at;
}

/** By their numbers, the order in which they were recorded. */
export function inOrder(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return events.toSorted((one, other) => one.number - other.number);
}

/** The state that an event brings about. An objection takes a consent back where there was one, and refuses it where not. */
export function statusAfter(event: RecordedEvent, events: readonly RecordedEvent[]): ConsentStatus {
  const { action, number } = event;
  switch (action) {
    case 'grant':
      return 'ConsentGiven';
    case 'renew':
      return 'RenewedConsentGiven';
    case 'refuse':
      return 'ConsentRefused';
    case 'withdraw':
      return 'ConsentWithdrawn';
    case 'object':
      return events.some((one) => one.number < number && isYes(one)) ? 'ConsentWithdrawn' : 'ConsentRefused';
    case 'expire':
      return 'ConsentExpired';
    case 'invalidate':
      return 'ConsentInvalidated';
    default:
      return assertNever(action);
  }
}

/** What holds when a document is issued, and since when. */
export interface CurrentStatus {
  readonly status: ConsentStatus;
  readonly since: Date;
  readonly event: RecordedEvent;
}

/** Undefined when the event that decides is not among the purpose's. */
export function currentStatus(purpose: RecordedPurpose, issuedAt: Date): CurrentStatus | undefined {
  const event = purpose.events.find(({ number }) => number === purpose.decidedBy);
  if (event === undefined) return undefined;
  const { expiresAt } = event;
  // Nobody need have noted yet that it ran out.
  if (isYes(event) && expiresAt !== null && !(expiresAt > issuedAt))
    return { status: 'ConsentExpired', since: expiresAt, event };
  return { status: statusAfter(event, purpose.events), since: timeOf(event), event };
}
