import type { ConsentAction, LegalBasis } from '#decisions';
import type { JsonObject, SubjectRef } from '#kernel';
import type { ActorKind } from '../domain/consent.js';
import type { Controller } from '#policy';

/** What a person was shown: its text, or where the text stands. */
export type RecordedNotice = {
  readonly version: string;
  /** BCP 47. */
  readonly language: string;
} & ({ readonly text: string } | { readonly url: string });

/** A kind of personal data that a purpose uses. */
export interface RecordedCategory {
  /** Of the Fides taxonomy (`user.contact.email`) or of the Data Privacy Vocabulary (`pd:EmailAddress`). */
  readonly term: string;
  readonly title?: string | undefined;
  /** Sensitive although its term does not say so; what GDPR Art. 9 or 10 is about is sensitive whatever stands here. */
  readonly sensitive?: boolean | undefined;
}

/** Somebody other than the controllers who gets the data. */
export interface RecordedRecipient {
  readonly name: string;
  /** A processor acts for the controller; a third party for itself (GDPR Art. 4(8), (10)). */
  readonly role: 'processor' | 'third_party';
  readonly jurisdiction?: string | undefined;
  readonly url?: string | undefined;
}

/** One thing that happened to a consent. A `HistoricConsent` is one. */
export interface RecordedEvent {
  /** Its place in the tenant's ledger. */
  readonly number: number;
  readonly action: ConsentAction;
  /** When it was recorded. */
  readonly at: Date;
  /** When it happened, where that is known to differ. */
  readonly occurredAt?: Date | undefined;
  readonly expiresAt: Date | null;
  readonly actorKind: ActorKind;
  readonly channel: string;
  readonly language: string | null;
  readonly noticeVersion: string | null;
  /** For how long a yes was given, an ISO 8601 duration; by default until `expiresAt`, and without that until withdrawn. */
  readonly validity?: string | null | undefined;
}

/** A purpose that a person was asked about, and all that was answered. */
export interface RecordedPurpose {
  readonly name: string;
  readonly title: string;
  readonly description?: string | undefined;
  /** A purpose of the Data Privacy Vocabulary: `dpv:Personalisation`. */
  readonly category: string;
  readonly legalBasis: LegalBasis;
  readonly notice: RecordedNotice;
  readonly personalData: readonly RecordedCategory[];
  /** Jurisdictions (`eu`, `us-ca`) or names of places. */
  readonly storageLocations: readonly string[];
  /** An ISO 8601 duration above zero; undefined where nobody has said. */
  readonly retention: string | undefined;
  /** An empty list says that nobody but the controllers gets the data; undefined, that nobody has said. */
  readonly recipients: readonly RecordedRecipient[] | undefined;
  /** By default the record's. */
  readonly jurisdiction?: string | undefined;
  readonly withdrawal: { readonly text: string; readonly url?: string | undefined };
  /** Whether the service cannot be given without it. */
  readonly primary?: boolean | undefined;
  /** All events, in any order. */
  readonly events: readonly RecordedEvent[];
  /**
   * The event that holds now: the number of the consent state. It is the last one, unless a yes arrived late from before a
   * no, or people were merged and the stricter answer won.
   */
  readonly decidedBy: number;
}

/** All that the documents about one person's consents are made of. Nothing in it names the person but the pseudonym. */
export interface ConsentRecordInput {
  /** UUID; of its own for each document that is issued. */
  readonly recordId: string;
  /** The version of how we fill the standard in. */
  readonly schemaVersion: string;
  /** When the document is made: a consent that has run out by then is expired in it. */
  readonly issuedAt: Date;
  readonly subject: SubjectRef;
  readonly purposes: readonly RecordedPurpose[];
  readonly controllers: readonly Controller[];
  /** What the consents are for, as the person knows it: the name of the product. */
  readonly service: string;
  readonly policyUrl: string;
  /** How consents are collected, in words. */
  readonly collectionMethod: string;
  readonly jurisdiction: string;
  /** Of the document, BCP 47. */
  readonly language: string;
}

/**
 * A document with everything its standard demands, or what is missing for it: each the standard's name of a field and
 * whose it is.
 */
export type RecordResult = { readonly document: JsonObject } | { readonly missing: readonly string[] };
