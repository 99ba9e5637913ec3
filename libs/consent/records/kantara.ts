import { isUuid, type JsonObject } from '#kernel';
import type {
  ConsentRecordInput,
  RecordedCategory,
  RecordedEvent,
  RecordedPurpose,
  RecordedRecipient,
  RecordResult,
} from './consent-record.js';
import type { Controller } from '#policy';
import { broaderCategory, isSensitive, term } from './dpv-terms.js';
import {
  address,
  email,
  language,
  missingFields,
  moment,
  present,
  text,
  texts,
  type MandatoryField,
} from './fields.js';
import { allowsProcessing, currentStatus, inOrder, isYes, timeOf } from './statuses.js';

/** The version of the specification that a receipt states (4.3.1). */
export const kantaraVersion = 'KI-CR-v1.1.0';

const controller = '/piiControllers/*';
const purpose = '/services/0/purposes/*';

/** What the specification demands (sections 4.3 to 4.5 and 4.8), and an order that people can read it in. */
const receiptFields: readonly MandatoryField[] = [
  { field: 'jurisdiction', paths: ['/jurisdiction'] },
  { field: 'consent timestamp', paths: ['/consentTimestamp'] },
  { field: 'collection method', paths: ['/collectionMethod'] },
  { field: 'consent receipt id', paths: ['/consentReceiptID'] },
  { field: 'language', paths: ['/language'] },
  { field: 'pii principal id', paths: ['/piiPrincipalId'] },
  { field: 'pii controller', paths: [`${controller}/piiController`] },
  { field: 'pii controller contact', paths: [`${controller}/contact`] },
  {
    field: 'pii controller address',
    paths: [`${controller}/address/streetAddress`, `${controller}/address/addressCountry`],
  },
  { field: 'pii controller email', paths: [`${controller}/email`] },
  { field: 'pii controller phone', paths: [`${controller}/phone`] },
  { field: 'privacy policy', paths: ['/policyUrl'] },
  { field: 'service', paths: ['/services/0/service'] },
  { field: 'purpose', paths: [`${purpose}/purpose`] },
  { field: 'purpose category', paths: [`${purpose}/purposeCategory/*`] },
  { field: 'consent type', paths: [`${purpose}/consentType`] },
  { field: 'pii category', paths: [`${purpose}/piiCategory/*`] },
  { field: 'purpose termination', paths: [`${purpose}/termination`] },
  { field: 'third party disclosure', paths: [`${purpose}/thirdPartyDisclosure`] },
];

/**
 * A Kantara Consent Receipt 1.1.0 (2018): what a person has consented to, whether it still holds or not. A purpose that
 * was only ever refused has no place in it. `publicKey` is the key that checks its signature. Pure and total.
 */
export function kantaraReceipt(
  input: ConsentRecordInput,
  options: { readonly publicKey?: string | undefined } = {},
): RecordResult {
  const purposes = input.purposes.filter(({ events }) => events.some(isYes));
  const document = receiptOf(input, purposes, options.publicKey);
  const missing = missingFields(document, receiptFields, {
    purposes: purposes.map(({ name }) => name),
    piiControllers: input.controllers.map(({ id }) => id),
  });
  return missing.length > 0 ? { missing } : { document };
}

function receiptOf(
  input: ConsentRecordInput,
  purposes: readonly RecordedPurpose[],
  publicKey: string | undefined,
): JsonObject {
  const sensitive = purposes.flatMap(({ personalData }) => personalData).filter(isSensitive);
  return {
    ...present({
      version: kantaraVersion,
      jurisdiction: text(input.jurisdiction),
      consentTimestamp: secondsOf(purposes.flatMap(({ events }) => events).filter(isYes)),
      collectionMethod: text(input.collectionMethod),
      consentReceiptID: isUuid(input.recordId) ? input.recordId : undefined,
      publicKey: text(publicKey),
      language: language(input.language),
      piiPrincipalId: input.subject,
      piiControllers: input.controllers.map(controllerOf),
      policyUrl: address(input.policyUrl),
      services: [
        present({
          service: text(input.service),
          purposes: purposes.map((one) => purposeOf(one, input)),
        }),
      ],
      sensitive: sensitive.length > 0,
    }),
    spiCat: namesOf(sensitive),
  };
}

/** When the last yes was said, in seconds since 1970 (4.3.3). */
function secondsOf(events: readonly RecordedEvent[]): number | undefined {
  const moments = events.map((event) => timeOf(event).getTime());
  const last = Math.max(...moments);
  return Number.isFinite(last) && last >= 0 ? Math.floor(last / 1_000) : undefined;
}

function controllerOf({ name, address: postal, contact }: Controller): JsonObject {
  return present({
    piiController: text(name),
    contact: text(contact.name) ?? text(name),
    address: present(Object.fromEntries(Object.entries(postal).map(([part, value]) => [part, text(value)]))),
    email: email(contact.email),
    phone: telephone(contact.telephone),
    piiControllerUrl: address(contact.url),
  });
}

/** A `tel` URI of a global number (RFC 3966, section 5.1.4). */
function telephone(number: string | undefined): string | undefined {
  const written = number?.trim().replaceAll(/\s+/g, '-') ?? '';
  return /^\+(?=.*[0-9])[0-9().-]+$/.test(written) ? `tel:${written}` : undefined;
}

function purposeOf(one: RecordedPurpose, input: ConsentRecordInput): JsonObject {
  const { title, description, category, personalData, primary } = one;
  const named = [title, description].map(text).filter((part) => part !== undefined);
  return present({
    purpose: text(title) === undefined ? undefined : named.join(': '),
    purposeCategory: category.startsWith('dpv:') && term(category) !== undefined ? [category] : [],
    consentType: consentTypeOf(one),
    piiCategory: namesOf(personalData),
    primaryPurpose: primary === true,
    termination: terminationOf(one, input.issuedAt),
    ...disclosureOf(one.recipients),
  });
}

/** By their titles, or else their terms; each once. What is no term stays blank, and the receipt is not made. */
function namesOf(categories: readonly RecordedCategory[]): readonly string[] {
  const names = categories.map(({ title, term: own }) =>
    broaderCategory(own.trim()) === undefined ? '' : (text(title) ?? own.trim()),
  );
  return [...new Set(names)];
}

/** A yes here is an act of the person's (4.5.6); of what was imported, all we know is that it was. */
function consentTypeOf({ events }: RecordedPurpose): string | undefined {
  const last = inOrder(events).findLast(isYes);
  if (last === undefined) return undefined;
  return last.actorKind === 'import'
    ? `Given elsewhere and imported (${text(last.channel) ?? 'import'})`
    : 'EXPLICIT';
}

/** Under what conditions the consent ends, or since when it has (4.5.9). */
function terminationOf(one: RecordedPurpose, issuedAt: Date): string | undefined {
  const current = currentStatus(one, issuedAt);
  const how = text(one.withdrawal.text);
  if (current === undefined || how === undefined) return undefined;
  const where = address(one.withdrawal.url);
  const withdrawal = where === undefined ? how : `${how} (${where})`;
  if (allowsProcessing(current.status)) {
    const until = moment(current.event.expiresAt);
    return until === undefined ? withdrawal : `${until}, or before: ${withdrawal}`;
  }
  const since = moment(current.since);
  return since === undefined ? undefined : `Ended ${since}: ${current.status}`;
}

/** Processors act for the controller, so they are no third parties (GDPR Art. 4(10)). */
function disclosureOf(recipients: readonly RecordedRecipient[] | undefined): JsonObject {
  if (recipients === undefined) return {};
  const thirdParties = recipients.filter(({ role }) => role === 'third_party');
  const names = texts(thirdParties.map(({ name }) => name));
  // A third party without a name could not be told from none.
  if (names.length < thirdParties.length) return {};
  return names.length === 0
    ? { thirdPartyDisclosure: false }
    : { thirdPartyDisclosure: true, thirdPartyName: names.join(', ') };
}
