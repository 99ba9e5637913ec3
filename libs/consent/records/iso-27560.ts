import { isUuid, type Json, type JsonObject } from '#kernel';
import type {
  ConsentRecordInput,
  RecordedCategory,
  RecordedPurpose,
  RecordedRecipient,
  RecordResult,
} from './consent-record.js';
import type { Controller } from '#policy';
import {
  broaderCategory,
  entityTerms,
  isSensitive,
  legalBasisTerms,
  place,
  reference,
  term,
} from './dpv-terms.js';
import { address, duration, email, language, missingFields, moment, present, text } from './fields.js';
import { eventsOf, partyIri, type Parties } from './iso-27560-events.js';
import { context, mandatoryFields, profile } from './iso-27560-fields.js';
import { currentStatus } from './statuses.js';

/**
 * A consent record of ISO/IEC TS 27560:2023 as JSON-LD in terms of the W3C Data Privacy Vocabulary 2, after its guide to
 * consent records (https://w3id.org/dpv/guides/consent-27560): a `dpv:Process` for each purpose, with its events under
 * `dpv:hasConsentStatus` in the order of their numbers, and what holds now under `dpv:hasStatus`. Pure and total.
 */
export function iso27560Record(input: ConsentRecordInput): RecordResult {
  const document = recordOf(input);
  const missing = missingFields(document, mandatoryFields, {
    'dpv:hasProcess': input.purposes.map(({ name }) => name),
    'dpv:hasDataController': input.controllers.map(({ id }) => id),
  });
  return missing.length > 0 ? { missing } : { document };
}

function recordOf(input: ConsentRecordInput): JsonObject {
  const id = isUuid(input.recordId) ? input.recordId : undefined;
  const record = `urn:uuid:${id ?? ''}`;
  const subject = `urn:uuid:${input.subject}`;
  const controllers = input.controllers.map((controller) => partyIri(record, controller));
  const parties = { record, subject, controllers: controllers.filter((iri) => iri !== undefined) };
  return present({
    '@context': context,
    '@id': id === undefined ? undefined : record,
    '@type': 'dpv:ConsentRecord',
    'dct:identifier': id,
    'dct:conformsTo': reference(profile),
    'schema:schemaVersion': text(input.schemaVersion),
    'dct:issued': moment(input.issuedAt),
    'dct:language': language(input.language),
    'dpv:hasDataSubject': {
      '@id': subject,
      '@type': 'dpv:DataSubject',
      'dct:identifier': input.subject,
    },
    'dpv:hasJurisdiction': place(input.jurisdiction),
    'dpv:hasService': namedNode('dpv:Service', input.service),
    'dpv:hasDataController': input.controllers.map((controller) => partyOf(controller, record)),
    'dpv:hasNotice': linkedNode('dpv:PrivacyNotice', input.policyUrl),
    'dpv:hasProcess': input.purposes.map((purpose) => processOf(purpose, input, parties)),
  });
}

function processOf(purpose: RecordedPurpose, input: ConsentRecordInput, parties: Parties): JsonObject {
  const current = currentStatus(purpose, input.issuedAt);
  const { notice } = purpose;
  return present({
    '@type': 'dpv:Process',
    'dct:identifier': text(purpose.name),
    'dpv:hasPurpose': present({
      '@type': 'dpv:Purpose',
      'dct:title': text(purpose.title),
      'dct:description': text(purpose.description),
      'skos:broader': /^dpv:/.test(purpose.category) ? term(purpose.category) : undefined,
    }),
    'dpv:hasLegalBasis': reference(legalBasisTerms[purpose.legalBasis]),
    'dpv:hasNecessity': reference(purpose.primary === true ? 'dpv:Required' : 'dpv:Optional'),
    'dpv:hasNotice': [
      present({
        '@type': 'dpv:ConsentNotice',
        'schema:version': text(notice.version),
        'dct:language': language(notice.language),
        'schema:text': 'text' in notice ? text(notice.text) : undefined,
        'schema:url': 'url' in notice ? link(notice.url) : undefined,
      }),
    ],
    'dpv:hasPersonalData': purpose.personalData.map(personalDataOf),
    'dpv:hasDataSource': present({
      '@type': 'dpv:DataSource',
      'dct:description': text(input.collectionMethod),
    }),
    'dpv:hasStorageCondition': storageOf(purpose),
    'dpv:hasDataController': parties.controllers.map(reference),
    ...recipientsOf(purpose, parties),
    'dpv:hasJurisdiction': place(purpose.jurisdiction ?? input.jurisdiction),
    'dpv:hasConsentControl': present({
      '@type': 'dpv:WithdrawConsent',
      'dct:description': text(purpose.withdrawal.text),
      'dpv:isExercisedAt': link(purpose.withdrawal.url),
    }),
    'dpv:hasStatus': current === undefined ? undefined : reference(`dpv:${current.status}`),
    'dpv:hasConsentStatus': eventsOf(purpose, parties),
  });
}

function personalDataOf(category: RecordedCategory): JsonObject {
  const named = text(category.term);
  return present({
    '@type': isSensitive(category) ? ['dpv:PersonalData', 'dpv:SensitivePersonalData'] : ['dpv:PersonalData'],
    'dct:title': text(category.title),
    'skos:notation': named,
    'skos:broader': named === undefined ? undefined : broaderCategory(named),
  });
}

function storageOf({ storageLocations, retention }: RecordedPurpose): readonly JsonObject[] {
  const period = duration(retention);
  return [
    present({
      '@type': 'dpv:StorageLocation',
      'dpv:hasLocation': storageLocations.map((name) => place(name) ?? ''),
    }),
    present({
      '@type': 'dpv:StorageDuration',
      'dpv:hasDuration':
        period === undefined ? undefined : { '@type': 'dpv:TemporalDuration', 'rdf:value': period },
    }),
  ];
}

/** All who get the data, the controllers first; a recipient without a name leaves the field open. */
function recipientsOf({ recipients }: RecordedPurpose, { controllers }: Parties): JsonObject {
  if (recipients === undefined || recipients.some(({ name }) => text(name) === undefined)) return {};
  const thirdParties = recipients.filter(({ role }) => role === 'third_party').map(recipientOf);
  const processors = recipients.filter(({ role }) => role === 'processor').map(recipientOf);
  return present({
    'dpv:hasRecipient': [...controllers.map(reference), ...processors],
    'dpv:hasRecipientThirdParty': thirdParties,
  });
}

function recipientOf({ name, role, jurisdiction, url }: RecordedRecipient): JsonObject {
  return present({
    '@type': ['dpv:Recipient', role === 'third_party' ? 'dpv:ThirdParty' : 'dpv:DataProcessor'],
    'dpv:hasName': text(name),
    'dpv:hasJurisdiction': place(jurisdiction),
    'schema:url': link(url),
  });
}

function partyOf(controller: Controller, record: string): JsonObject {
  const iri = partyIri(record, controller);
  const { role, type, representative, dpo } = controller;
  return present({
    '@id': iri,
    '@type': [
      'dpv:DataController',
      ...(role === 'joint_controller' ? ['dpv:JointDataControllers'] : []),
      entityTerms[type],
    ],
    'dpv:hasIdentifier': text(controller.id),
    'dpv:hasName': text(controller.name),
    'schema:address': addressOf(controller.address),
    'schema:contactPoint': contactOf(controller.contact),
    'dpv:hasRepresentative':
      representative === undefined ? undefined : delegateOf('dpv:Representative', representative),
    'dpv:hasDataProtectionOfficer':
      dpo === undefined ? undefined : delegateOf('dpv:DataProtectionOfficer', dpo),
  });
}

function delegateOf(type: string, delegate: NonNullable<Controller['dpo']>): JsonObject {
  return present({
    '@type': type,
    'dpv:hasName': text(delegate.name),
    'schema:contactPoint': contactOf(delegate.contact),
  });
}

function addressOf(postal: Controller['address']): JsonObject {
  const parts = Object.entries(postal).map(([name, value]) => [`schema:${name}`, text(value)] as const);
  return present({ '@type': 'schema:PostalAddress', ...Object.fromEntries(parts) });
}

function contactOf(contact: Controller['contact']): JsonObject {
  return present({
    '@type': 'schema:ContactPoint',
    'schema:name': text(contact.name),
    'schema:email': email(contact.email),
    'schema:telephone': text(contact.telephone),
    'schema:url': link(contact.url),
  });
}

function namedNode(type: string, title: string): Json | undefined {
  const named = text(title);
  return named === undefined ? undefined : { '@type': type, 'dct:title': named };
}

function linkedNode(type: string, url: string): Json | undefined {
  const target = link(url);
  return target === undefined ? undefined : { '@type': type, 'schema:url': target };
}

function link(url: string | undefined): JsonObject | undefined {
  const target = address(url);
  return target === undefined ? undefined : reference(target);
}
