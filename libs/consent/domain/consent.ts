import type { ConsentAction } from '#decisions';
import type { SubjectRef } from '#kernel';
import type { Identifier } from '#subjects';

/** What somebody can say about a purpose. That a consent lapses is not said, it comes with time. */
export const saidActions = ['grant', 'refuse', 'withdraw', 'object', 'renew', 'invalidate'] as const;
export type SaidAction = (typeof saidActions)[number];

/** Who acted. `staff` is somebody of the tenant's on the person's word, `agent` somebody the person has authorised. */
export const actorKinds = ['person', 'guardian', 'agent', 'staff', 'import', 'system'] as const;
export type ActorKind = (typeof actorKinds)[number];
/** Who a caller can say acted; imports and the system say it themselves. */
export const toldActorKinds = ['person', 'guardian', 'agent', 'staff'] as const;

export interface Actor {
  readonly kind: ActorKind;
  /** How an agent's or guardian's authority was made sure of, in words. No identifier, no document. */
  readonly proof?: string | undefined;
  readonly guardian?: Identifier | undefined;
}

/** What was said about a purpose, and how. */
export interface ConsentInput {
  readonly subject: Identifier;
  readonly purpose: string;
  readonly action: SaidAction;
  /** How it reached us: `ui`, `api`, `signal`, `paper`, ... */
  readonly channel: string;
  /** The notice the person saw; by default the one in force. */
  readonly noticeVersion?: string | undefined;
  /** The language they saw it in (BCP 47). */
  readonly language?: string | undefined;
  /** Where the person is; by default where they were said to be. */
  readonly jurisdiction?: string | undefined;
  /** When it happened, by the clock of the device; by default now. */
  readonly occurredAt?: Date | undefined;
  /** For how long a grant holds, an ISO 8601 duration; never longer than the policy says. */
  readonly validity?: string | undefined;
  /** When a grant ends at the latest, where it was given elsewhere and its end is known. */
  readonly expiresAt?: Date | undefined;
  readonly actor?: Actor | undefined;
  /** Where it was collected: names and short texts of the host's choosing, without personal data. */
  readonly context?: Readonly<Record<string, string>> | undefined;
}

/** An event that the rules let pass, before it has a number. */
export interface AcceptedConsent {
  readonly purpose: string;
  readonly action: ConsentAction;
  readonly occurredAt: Date;
  /** What the client's clock said, where that was beyond the bounds. */
  readonly claimedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
  readonly channel: string;
  readonly actorKind: ActorKind;
  readonly proof: string | null;
  readonly language: string | null;
  readonly jurisdiction: string | null;
  readonly context: Readonly<Record<string, string>> | null;
}

/** An event ready to be written. */
export interface NewConsentEvent extends AcceptedConsent {
  readonly subjectRef: SubjectRef;
  /** Who recorded it: a key or a token's subject. */
  readonly actor: string;
  readonly guardianRef: SubjectRef | null;
}

/** One event as it is stored; its number is its place in the tenant's ledger. */
export interface ConsentEvent {
  readonly number: number;
  readonly subjectRef: SubjectRef;
  readonly purpose: string;
  readonly action: ConsentAction;
  readonly at: Date;
}

/** An event as the person, and whoever answers for it, sees it. */
export interface HistoricConsent {
  readonly number: number;
  readonly purpose: string;
  readonly action: ConsentAction;
  /** When it was recorded. */
  readonly at: Date;
  /** When it happened, by the clock of the device within bounds. */
  readonly occurredAt: Date;
  /** What the clock of the device said, where that was beyond the bounds. */
  readonly claimedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly noticeVersion: string | null;
  readonly language: string | null;
  readonly jurisdiction: string | null;
  readonly channel: string;
  readonly actorKind: ActorKind;
  readonly proof: string | null;
  readonly policyVersion: number | null;
  readonly context: Readonly<Record<string, string>> | null;
}
