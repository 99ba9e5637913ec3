import type { MandatoryField } from './fields.js';

const process = '/dpv:hasProcess/*';
const party = '/dpv:hasDataController/*';
const event = `${process}/dpv:hasConsentStatus/*`;

/** The 24 fields that ISO/IEC TS 27560:2023 demands of a consent record (6.3), and where ours holds them. */
export const mandatoryFields: readonly MandatoryField[] = [
  // 6.3.3, of the record.
  { field: 'schema version', paths: ['/dct:conformsTo', '/schema:schemaVersion'] },
  { field: 'record id', paths: ['/dct:identifier'] },
  { field: 'pii principal id', paths: ['/dpv:hasDataSubject/dct:identifier'] },
  // 6.3.4, of the processing.
  {
    field: 'privacy notice',
    paths: [`${process}/dpv:hasNotice/*/schema:version`, `${process}/dpv:hasNotice/*/schema:text|schema:url`],
  },
  { field: 'language', paths: ['/dct:language', `${process}/dpv:hasNotice/*/dct:language`] },
  {
    field: 'purpose',
    paths: [`${process}/dpv:hasPurpose/dct:title`, `${process}/dpv:hasPurpose/skos:broader`],
  },
  { field: 'pii information', paths: [`${process}/dpv:hasPersonalData/*`] },
  { field: 'pii controllers', paths: [`${process}/dpv:hasDataController/*/@id`] },
  { field: 'storage locations', paths: [`${process}/dpv:hasStorageCondition/0/dpv:hasLocation/*`] },
  { field: 'retention period', paths: [`${process}/dpv:hasStorageCondition/1/dpv:hasDuration/rdf:value`] },
  { field: 'jurisdiction', paths: ['/dpv:hasJurisdiction', `${process}/dpv:hasJurisdiction`] },
  // Where no third party gets the data, the controllers alone are its recipients, and the list says so.
  { field: 'recipient third parties', paths: [`${process}/dpv:hasRecipient/*`] },
  { field: 'withdrawal method', paths: [`${process}/dpv:hasConsentControl/dct:description`] },
  // 6.3.5, of the personal data.
  { field: 'pii type', paths: [`${process}/dpv:hasPersonalData/*/skos:broader`] },
  // 6.3.6, of the parties.
  { field: 'party id', paths: [`${party}/@id`, `${party}/dpv:hasIdentifier`] },
  {
    field: 'party address',
    paths: [`${party}/schema:address/schema:streetAddress`, `${party}/schema:address/schema:addressCountry`],
  },
  { field: 'party name', paths: [`${party}/dpv:hasName`] },
  {
    field: 'party contact',
    paths: [`${party}/schema:contactPoint/schema:email|schema:telephone|schema:url`],
  },
  { field: 'party type', paths: [`${party}/@type/*`] },
  // 6.3.7, of the events.
  { field: 'event time', paths: [`${event}/dpv:isIndicatedAtTime`] },
  { field: 'validity duration', paths: [`${event}/dpv:hasDuration/rdf:value`] },
  { field: 'entity id', paths: [`${event}/dpv:isIndicatedBy/@id`] },
  { field: 'event type', paths: [`${event}/dpv:hasLegalBasis`] },
  { field: 'event state', paths: [`${event}/@type`, `${process}/dpv:hasStatus`] },
];

const dateTime = { '@type': 'xsd:dateTime' };

/** Every prefix that a record uses: nobody has to fetch anything to read one. */
export const context = {
  dct: 'http://purl.org/dc/terms/',
  dpv: 'https://w3id.org/dpv#',
  loc: 'https://w3id.org/dpv/loc#',
  pd: 'https://w3id.org/dpv/pd#',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  schema: 'https://schema.org/',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
  'dct:created': dateTime,
  'dct:issued': dateTime,
  'dpv:isIndicatedAtTime': dateTime,
} as const;

/** The profile of the standard that the Data Privacy Vocabulary defines. */
export const profile = 'https://w3id.org/dpv/schema/dpv-27560#record';
