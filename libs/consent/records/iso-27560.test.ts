import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#kernel';
import { controllerSchema } from '#policy/domain';
import type { ConsentRecordInput, RecordedPurpose } from './consent-record.js';
import { isEmpty, placesAt } from './fields.js';
import { context, mandatoryFields } from './iso-27560-fields.js';
import { iso27560Record } from './iso-27560.js';
import { consentStatuses } from './statuses.js';
import { acme, event, input, inputsWith, person, purpose, recordId } from './testing/inputs.js';

function recordOf(changes: Partial<ConsentRecordInput> = {}): JsonObject {
  const result = iso27560Record(input(changes));
  if ('missing' in result) throw new Error(`missing: ${result.missing.join('; ')}`);
  return result.document;
}

function missingOf(changes: Partial<ConsentRecordInput>): readonly string[] {
  const result = iso27560Record(input(changes));
  return 'missing' in result ? result.missing : [];
}

/** The first value that a path leads to. */
function at(document: Json, path: string): Json | undefined {
  return placesAt(document, path)[0]?.value;
}

function ofPurpose(changes: Partial<RecordedPurpose>): JsonObject {
  return at(recordOf({ purposes: [purpose(changes)] }), '/dpv:hasProcess/0') as JsonObject;
}

describe('a consent record of ISO/IEC TS 27560', () => {
  it('has all 24 mandatory fields', () => {
    const record = recordOf();
    expect(mandatoryFields.map(({ field }) => field)).toHaveLength(24);
    expect(new Set(mandatoryFields.map(({ field }) => field)).size).toBe(24);
    for (const { field, paths } of mandatoryFields) {
      expect(paths.length, field).toBeGreaterThan(0);
      for (const path of paths) {
        const places = placesAt(record, path);
        expect(places.length, path).toBeGreaterThan(0);
        for (const { value } of places) expect(isEmpty(value), path).toBe(false);
      }
    }
  });

  it('says what the input says', () => {
    const record = recordOf();
    expect(record['@id']).toBe(`urn:uuid:${recordId}`);
    expect(at(record, '/dct:conformsTo/@id')).toBe('https://w3id.org/dpv/schema/dpv-27560#record');
    expect(at(record, '/dpv:hasDataSubject/dct:identifier')).toBe(person);
    expect(at(record, '/dpv:hasDataController/0/dpv:hasName')).toBe(acme.name);
    const process = '/dpv:hasProcess/0';
    expect(at(record, `${process}/dpv:hasPurpose/skos:broader/@id`)).toBe('dpv:Personalisation');
    expect(at(record, `${process}/dpv:hasNotice/0/schema:text`)).toContain('We use what you did');
    expect(at(record, `${process}/dpv:hasStorageCondition/0/dpv:hasLocation`)).toEqual([
      { '@id': 'loc:EU' },
      'Our cellar',
    ]);
    expect(at(record, `${process}/dpv:hasStorageCondition/1/dpv:hasDuration/rdf:value`)).toBe('P6M');
    expect(at(record, `${process}/dpv:hasConsentControl/dpv:isExercisedAt/@id`)).toBe(
      'https://acme.example/settings',
    );
    expect(at(record, `${process}/dpv:hasPersonalData/0/skos:broader/@id`)).toBe('pd:Behavioral');
    expect(at(record, `${process}/dpv:hasStatus/@id`)).toBe('dpv:ConsentGiven');
    expect(at(record, `${process}/dpv:hasConsentStatus/0/dpv:isIndicatedBy/@id`)).toBe(`urn:uuid:${person}`);
  });

  it('needs nothing fetched: its context is inline and declares every prefix', () => {
    fc.assert(
      fc.property(inputsWith(0), (any) => {
        const result = iso27560Record(any);
        if ('missing' in result) throw new Error(result.missing.join('; '));
        const { '@context': declared, ...record } = result.document;
        expect(declared).toEqual(context);
        for (const term of termsOf(record)) {
          const [prefix = ''] = term.split(':');
          expect(['http', 'https', 'urn', ...Object.keys(context)], term).toContain(prefix);
        }
      }),
    );
  });

  it('names those who get the data, and says so where nobody else does', () => {
    const alone = ofPurpose({ recipients: [] });
    expect(alone['dpv:hasRecipient']).toEqual([{ '@id': acme.id }]);
    expect(alone['dpv:hasRecipientThirdParty']).toBeUndefined();
    const shared = ofPurpose({
      recipients: [{ name: 'Beta GmbH', role: 'third_party', jurisdiction: 'de' }],
    });
    expect(at(shared, '/dpv:hasRecipientThirdParty/0/dpv:hasName')).toBe('Beta GmbH');
    expect(missingOf({ purposes: [purpose({ recipients: undefined })] })).toEqual([
      'recipient third parties: personalisation',
    ]);
  });

  it('marks what is sensitive, said to be or not', () => {
    const personalData = [
      { term: 'user.health_and_medical.genetic', sensitive: false },
      { term: 'user.content', sensitive: true },
      { term: 'user.contact.email' },
      // Only whole parts of a term count.
      { term: 'user.biometric_like' },
    ];
    const types = placesAt(ofPurpose({ personalData }), '/dpv:hasPersonalData/*/@type');
    expect(types.map(({ value }) => (value as string[]).includes('dpv:SensitivePersonalData'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('what is missing', () => {
  it('is named by the field and by whose it is, and no record is made', () => {
    const purposes = [
      purpose(),
      purpose({ name: 'training', retention: undefined, storageLocations: ['eu', ' '] }),
    ];
    expect(missingOf({ purposes })).toEqual(['storage locations: training', 'retention period: training']);
    expect(missingOf({ controllers: [{ ...acme, contact: {} }] })).toEqual([`party contact: ${acme.id}`]);
    expect(missingOf({ recordId: 'B4B8', schemaVersion: ' ' })).toEqual(['schema version', 'record id']);
  });

  it('is everything of the purposes where there are none', () => {
    expect(missingOf({ purposes: [] })).toContain('purpose');
    expect(missingOf({ purposes: [purpose({ events: [] })] })).toEqual(
      expect.arrayContaining(['event time: personalisation', 'event state: personalisation']),
    );
  });

  it.each([
    ['a retention that is no duration', { retention: '6 months' }, 'retention period'],
    ['a retention of nothing', { retention: 'P0D' }, 'retention period'],
    ['a category of no vocabulary', { personalData: [{ term: 'E-mail' }] }, 'pii type'],
    ['a purpose of no vocabulary', { category: 'Marketing' }, 'purpose'],
    [
      'a notice whose address is none',
      { notice: { version: '1', language: 'en', url: 'javascript:1' } },
      'privacy notice',
    ],
    ['a notice in no language', { notice: { version: '1', language: '?', text: 'x' } }, 'language'],
    ['a time that is none', { events: [event(1, 'grant', { at: new Date(NaN) })] }, 'event time'],
    [
      'an end that is none',
      { events: [event(1, 'grant', { expiresAt: new Date(NaN) })] },
      'validity duration',
    ],
    ['a validity that is none', { events: [event(1, 'grant', { validity: 'long' })] }, 'validity duration'],
    ['a deciding event of somebody else', { decidedBy: 99 }, 'event state'],
  ])('counts %s', (_, changes, field) => {
    expect(missingOf({ purposes: [purpose(changes as Partial<RecordedPurpose>)] })).toEqual([
      `${field}: personalisation`,
    ]);
  });
});

describe('the status of a consent', () => {
  it('is that of the last event', () => {
    const events = [event(9, 'withdraw'), event(4, 'grant')];
    const process = ofPurpose({ events, decidedBy: 9 });
    expect(at(process, '/dpv:hasStatus/@id')).toBe('dpv:ConsentWithdrawn');
    expect(placesAt(process, '/dpv:hasConsentStatus/*/@type').map(({ value }) => value)).toEqual([
      'dpv:ConsentGiven',
      'dpv:ConsentWithdrawn',
    ]);
  });

  it('stays a no when a yes from before it arrives late', () => {
    const late = event(9, 'grant', { occurredAt: new Date('2026-01-02T00:00:00Z') });
    const process = ofPurpose({ events: [event(4, 'withdraw'), late], decidedBy: 4 });
    expect(at(process, '/dpv:hasStatus/@id')).toBe('dpv:ConsentWithdrawn');
  });

  it('is expired once the time is over, noted or not, and not before', () => {
    const expiresAt = new Date('2026-06-01T00:00:00Z');
    const statusAt = (issuedAt: string) =>
      at(
        recordOf({
          issuedAt: new Date(issuedAt),
          purposes: [purpose({ events: [event(4, 'renew', { expiresAt })] })],
        }),
        '/dpv:hasProcess/0/dpv:hasStatus/@id',
      );
    expect(statusAt('2026-05-31T23:59:59.999Z')).toBe('dpv:RenewedConsentGiven');
    expect(statusAt('2026-06-01T00:00:00.000Z')).toBe('dpv:ConsentExpired');
  });

  it.each([
    [['refuse'], 'ConsentRefused'],
    [['grant', 'expire'], 'ConsentExpired'],
    [['grant', 'invalidate'], 'ConsentInvalidated'],
    [['grant', 'object'], 'ConsentWithdrawn'],
    [['object'], 'ConsentRefused'],
    [['object', 'grant'], 'ConsentGiven'],
    [['grant', 'renew'], 'RenewedConsentGiven'],
  ] as const)('after %j is %s', (actions, status) => {
    const events = actions.map((action, index) => event(index + 1, action));
    expect(at(ofPurpose({ events }), '/dpv:hasStatus/@id')).toBe(`dpv:${status}`);
    expect(consentStatuses).toContain(status);
  });
});

describe('who acted', () => {
  const actor = (changes: Parameters<typeof event>[2], action: 'grant' | 'invalidate' = 'grant') =>
    at(ofPurpose({ events: [event(1, action, changes)] }), '/dpv:hasConsentStatus/0') as JsonObject;

  it('is the person, whoever wrote it down for them', () => {
    const byStaff = actor({ actorKind: 'staff' });
    expect(byStaff['dpv:isIndicatedBy']).toEqual({ '@id': `urn:uuid:${person}` });
    expect(byStaff['dpv:isImplementedByEntity']).toEqual({ '@id': acme.id });
  });

  it('is a guardian or an agent without a name', () => {
    expect(at(actor({ actorKind: 'guardian' }), '/dpv:isIndicatedBy/@type')).toBe(
      'dpv:GuardianOfDataSubject',
    );
    expect(at(actor({ actorKind: 'agent' }), '/dpv:isIndicatedBy/@id')).toBe(`urn:uuid:${recordId}#agent`);
  });

  it('is the controller where a consent was found invalid', () => {
    expect(at(actor({ actorKind: 'staff' }, 'invalidate'), '/dpv:isIndicatedBy/@id')).toBe(acme.id);
  });

  it('is not said to have been express where it was imported', () => {
    expect(at(actor({ actorKind: 'import' }), '/dpv:hasLegalBasis/@id')).toBe('dpv:Consent');
  });
});

describe('whatever the input', () => {
  it('there is a record without an empty mandatory field, or a list of what is missing', () => {
    let [made, refused] = [0, 0];
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 4, 25).chain(inputsWith), (any) => {
        const result = iso27560Record(any);
        if ('missing' in result) {
          refused += 1;
          expect(result.missing.length).toBeGreaterThan(0);
          for (const one of result.missing)
            expect(mandatoryFields.some(({ field }) => one === field || one.startsWith(`${field}: `))).toBe(
              true,
            );
          return;
        }
        made += 1;
        for (const path of mandatoryFields.flatMap(({ paths }) => paths))
          for (const { value } of placesAt(result.document, path)) expect(isEmpty(value), path).toBe(false);
      }),
      { numRuns: 600 },
    );
    expect(made).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it('the status is that of the event that decides, and nothing allows what that event does not', () => {
    fc.assert(
      fc.property(inputsWith(0), (any) => {
        const result = iso27560Record(any);
        if ('missing' in result) throw new Error(result.missing.join('; '));
        any.purposes.forEach(({ events, decidedBy }, index) => {
          const decides = events.find(({ number }) => number === decidedBy)!;
          const process = at(result.document, `/dpv:hasProcess/${index}`) as JsonObject;
          const nodes = process['dpv:hasConsentStatus'] as JsonObject[];
          const node = nodes.find((one) => one['dct:identifier'] === decidedBy)!;
          const lapsed =
            ['grant', 'renew'].includes(decides.action) &&
            decides.expiresAt !== null &&
            decides.expiresAt <= any.issuedAt;
          expect(at(process, '/dpv:hasStatus/@id')).toBe(lapsed ? 'dpv:ConsentExpired' : node['@type']);
          expect(/Given$/.test(node['@type'] as string)).toBe(['grant', 'renew'].includes(decides.action));
        });
      }),
    );
  });

  it('nothing names the person but the pseudonym', () => {
    const canary = 'jane.doe@canary.example';
    const more = {
      proof: canary,
      context: { page: canary },
      actor: canary,
      guardian: { type: 'email', value: canary },
    };
    fc.assert(
      fc.property(inputsWith(0), (any) => {
        const purposes = any.purposes.map((one) => ({
          ...one,
          ...more,
          events: one.events.map((recorded) => ({ ...recorded, ...more })),
        }));
        const text = JSON.stringify(iso27560Record({ ...any, ...more, purposes }));
        expect(text).not.toContain('canary');
        expect(text).toContain(person);
        // Of the two UUIDs in it, one is the record's and the other the pseudonym.
        const uuids = text.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
        expect(new Set(uuids)).toEqual(new Set([person, recordId]));
      }),
    );
  });
});

describe('a controller', () => {
  it('is held to a strict shape', () => {
    const { address } = acme;
    const faulty = [
      { ...acme, colour: 'red' },
      { ...acme, name: ' ' },
      { ...acme, name: 'Acme\nLtd' },
      { ...acme, name: 'x'.repeat(201) },
      { ...acme, contact: {} },
      { ...acme, contact: { telephone: '555 0142' } },
      { ...acme, contact: { url: 'ftp://acme.example' } },
      { ...acme, address: { ...address, addressCountry: 'Ireland' } },
      { ...acme, type: 'company' },
    ];
    expect(controllerSchema.safeParse(acme).success).toBe(true);
    for (const one of faulty)
      expect(controllerSchema.safeParse(one).success, JSON.stringify(one)).toBe(false);
  });
});

/** Every member's name and every reference and type of a document. */
function termsOf(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(termsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (name === '@id' || name === '@type') return [member].flat() as string[];
    return [name, ...termsOf(member)];
  });
}
