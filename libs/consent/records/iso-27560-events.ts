import type { JsonObject } from '#kernel';
import type { RecordedEvent, RecordedPurpose } from './consent-record.js';
import type { Controller } from '#policy';
import { reference } from './dpv-terms.js';
import { duration, language, moment, present, text } from './fields.js';
import { inOrder, isYes, statusAfter, timeOf } from './statuses.js';

/** Who a record is about, by their IRIs in it. */
export interface Parties {
  readonly record: string;
  readonly subject: string;
  readonly controllers: readonly string[];
}

/** The IRI of a controller within a record: its id where that is one. */
export function partyIri(record: string, { id }: Controller): string | undefined {
  const named = text(id);
  if (named === undefined) return undefined;
  return /^(?:https?:\/\/|urn:[a-z0-9-]+:)[^\s<>"{}|\\^`]+$/i.test(named)
    ? named
    : `${record}#party-${encodeURIComponent(named)}`;
}

/** A purpose's events as nodes, in the order of their numbers. */
export function eventsOf({ events }: RecordedPurpose, parties: Parties): readonly JsonObject[] {
  return inOrder(events).map((event) => {
    const imported = event.actorKind === 'import';
    return present({
      '@id': `${parties.record}#event-${event.number}`,
      '@type': `dpv:${statusAfter(event, events)}`,
      'dct:identifier': event.number,
      'dpv:isIndicatedAtTime': moment(timeOf(event)),
      'dct:created': moment(event.at),
      'dpv:hasDuration': validityOf(event),
      'dpv:isIndicatedBy': indicatedBy(event, parties),
      'dpv:isImplementedByEntity': recordedBy(event, parties),
      'dpv:hasIndicationMethod': text(event.channel),
      // Nothing is recorded that was not said; how what is imported was said, only its source knows.
      'dpv:hasLegalBasis': reference(imported ? 'dpv:Consent' : 'dpv:ExpressedConsent'),
      'dpv:hasNotice': noticeOf(event),
    });
  });
}

function noticeOf({ noticeVersion, language: spoken }: RecordedEvent): JsonObject | undefined {
  const version = text(noticeVersion);
  if (version === undefined) return undefined;
  return present({
    '@type': 'dpv:ConsentNotice',
    'schema:version': version,
    'dct:language': language(spoken),
  });
}

/** For how long what was said holds. A no holds until the person says something else. */
function validityOf(event: RecordedEvent): JsonObject | undefined {
  if (!isYes(event)) return lasting('dpv:UntilEventDuration', 'a new decision');
  const { expiresAt, validity } = event;
  if (expiresAt !== null) return lasting('dpv:UntilTimeDuration', moment(expiresAt));
  if (validity !== null && validity !== undefined) return lasting('dpv:TemporalDuration', duration(validity));
  return lasting('dpv:UntilEventDuration', 'withdrawal of the consent');
}

function lasting(type: string, value: string | undefined): JsonObject | undefined {
  return value === undefined ? undefined : { '@type': type, 'rdf:value': value };
}

/** Whose word it is. A guardian and an agent have no name here: no identifier but the pseudonym leaves with a record. */
function indicatedBy({ action, actorKind }: RecordedEvent, parties: Parties): JsonObject | undefined {
  if (action === 'expire' || action === 'invalidate' || actorKind === 'system') return controller(parties);
  if (actorKind === 'guardian')
    return { '@id': `${parties.record}#guardian`, '@type': 'dpv:GuardianOfDataSubject' };
  if (actorKind === 'agent')
    return {
      '@id': `${parties.record}#agent`,
      '@type': 'dpv:Entity',
      'dct:description': 'an agent whom the person has authorised',
    };
  return reference(parties.subject);
}

/** Who wrote down what somebody else had said. */
function recordedBy({ actorKind }: RecordedEvent, parties: Parties): JsonObject | undefined {
  return actorKind === 'staff' || actorKind === 'import' || actorKind === 'system'
    ? controller(parties)
    : undefined;
}

function controller({ controllers: [first] }: Parties): JsonObject | undefined {
  return first === undefined ? undefined : reference(first);
}
