import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsentRecordInput, RecordedPurpose } from './consent-record.js';
import { kantaraReceiptSchema } from './kantara-schema.js';
import { kantaraReceipt } from './kantara.js';
import { acme, event, input, inputsWith, person, purpose, recordId } from './testing/inputs.js';

const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);
const validate = ajv.compile(kantaraReceiptSchema);

function faultsOf(document: unknown): readonly ErrorObject[] {
  return validate(document) ? [] : (validate.errors ?? []);
}

interface Receipt {
  readonly consentTimestamp: number;
  readonly services: readonly [{ readonly purposes: readonly Readonly<Record<string, unknown>>[] }];
  readonly sensitive: boolean;
  readonly spiCat: readonly string[];
}

function receiptOf(changes: Partial<ConsentRecordInput> = {}): Receipt {
  const result = kantaraReceipt(input(changes));
  if ('missing' in result) throw new Error(`missing: ${result.missing.join('; ')}`);
  expect(faultsOf(result.document)).toEqual([]);
  return result.document as unknown as Receipt;
}

function missingOf(changes: Partial<ConsentRecordInput>): readonly string[] {
  const result = kantaraReceipt(input(changes));
  return 'missing' in result ? result.missing : [];
}

function ofPurpose(changes: Partial<RecordedPurpose>) {
  return receiptOf({ purposes: [purpose(changes)] }).services[0].purposes[0]!;
}

describe('a Kantara consent receipt', () => {
  it('says what the input says', () => {
    expect(receiptOf()).toEqual({
      version: 'KI-CR-v1.1.0',
      jurisdiction: 'eu',
      consentTimestamp: Date.UTC(2026, 0, 4, 12) / 1_000,
      collectionMethod: 'On the settings page',
      consentReceiptID: recordId,
      language: 'en',
      piiPrincipalId: person,
      piiControllers: [
        {
          piiController: 'Acme Ltd',
          contact: 'Privacy Office',
          address: acme.address,
          email: 'privacy@acme.example',
          phone: 'tel:+353-1-555-0142',
          piiControllerUrl: 'https://acme.example/privacy/contact',
        },
      ],
      policyUrl: 'https://acme.example/privacy',
      services: [
        {
          service: 'Acme Shop',
          purposes: [
            {
              purpose: 'To fit answers to you: We choose what to show you by what you did before.',
              purposeCategory: ['dpv:Personalisation'],
              consentType: 'EXPLICIT',
              piiCategory: ['user.behavior', 'Your e-mail address'],
              primaryPurpose: false,
              termination: 'In the settings (https://acme.example/settings)',
              thirdPartyDisclosure: false,
            },
          ],
        },
      ],
      sensitive: false,
      spiCat: [],
    });
  });

  it('carries the key that checks it where it is given', () => {
    const result = kantaraReceipt(input(), { publicKey: 'abc' });
    expect(result).toMatchObject({ document: { publicKey: 'abc' } });
  });

  it('is about what holds or held, and never about what was only refused', () => {
    const purposes = [
      purpose({ name: 'a', title: 'Held', events: [event(1, 'grant'), event(5, 'withdraw')] }),
      purpose({ name: 'b', title: 'Refused', events: [event(2, 'refuse')] }),
      purpose({ name: 'c', title: 'Objected to', events: [event(3, 'object')] }),
      purpose({ name: 'd', title: 'Holds', events: [event(4, 'grant')] }),
    ];
    const receipt = receiptOf({ purposes });
    expect(receipt.services[0].purposes.map((one) => String(one['purpose']).split(':')[0])).toEqual([
      'Held',
      'Holds',
    ]);
    expect(receipt.services[0].purposes[0]!['termination']).toBe(
      'Ended 2026-01-05T12:00:00.000Z: ConsentWithdrawn',
    );
    // The time of the last yes, not of the withdrawal.
    expect(receipt.consentTimestamp).toBe(Date.UTC(2026, 0, 4, 12) / 1_000);
  });

  it('is not made where nothing was ever consented to', () => {
    const purposes = [purpose({ events: [event(2, 'refuse')] })];
    expect(missingOf({ purposes })).toEqual(expect.arrayContaining(['purpose', 'consent timestamp']));
  });

  it('says until when a consent holds, and that it has run out', () => {
    const expiresAt = new Date('2026-07-01T00:00:00Z');
    const held = { events: [event(1, 'grant', { expiresAt })] };
    expect(ofPurpose(held)['termination']).toBe(
      '2026-07-01T00:00:00.000Z, or before: In the settings (https://acme.example/settings)',
    );
    const later = receiptOf({ issuedAt: new Date('2026-08-01T00:00:00Z'), purposes: [purpose(held)] });
    expect(later.services[0].purposes[0]!['termination']).toBe(
      'Ended 2026-07-01T00:00:00.000Z: ConsentExpired',
    );
  });

  it('discloses third parties by name, and counts no processor as one', () => {
    const [beta, gamma] = [
      { name: 'Beta GmbH', role: 'third_party' as const },
      { name: 'Gamma SA', role: 'processor' as const },
    ];
    expect(ofPurpose({ recipients: [beta, gamma] })).toMatchObject({
      thirdPartyDisclosure: true,
      thirdPartyName: 'Beta GmbH',
    });
    expect(ofPurpose({ recipients: [gamma] })).toMatchObject({ thirdPartyDisclosure: false });
    for (const recipients of [undefined, [{ ...beta, name: ' ' }, beta]])
      expect(missingOf({ purposes: [purpose({ recipients })] })).toEqual([
        'third party disclosure: personalisation',
      ]);
  });

  it('lists what is sensitive of what was consented to, and nothing else', () => {
    const health = { term: 'user.health_and_medical', title: 'Your health' };
    expect(receiptOf({ purposes: [purpose({ personalData: [health] })] })).toMatchObject({
      sensitive: true,
      spiCat: ['Your health'],
    });
    const refused = purpose({ name: 'b', personalData: [health], events: [event(2, 'refuse')] });
    expect(receiptOf({ purposes: [purpose(), refused] })).toMatchObject({ sensitive: false, spiCat: [] });
  });

  it('does not call explicit what was imported', () => {
    const imported = event(1, 'grant', { actorKind: 'import', channel: 'paper' });
    expect(ofPurpose({ events: [imported] })['consentType']).toBe('Given elsewhere and imported (paper)');
  });

  it('is not made without a telephone number and an e-mail address of the controller', () => {
    const contact = { ...acme.contact, telephone: undefined };
    expect(missingOf({ controllers: [{ ...acme, contact }] })).toEqual([`pii controller phone: ${acme.id}`]);
    expect(missingOf({ controllers: [{ ...acme, contact: { ...acme.contact, email: 'nobody' } }] })).toEqual([
      `pii controller email: ${acme.id}`,
    ]);
  });
});

describe('the schema of receipts', () => {
  it('refuses what the specification does', () => {
    const receipt = receiptOf();
    const [first] = receipt.services;
    const withPurpose = (changes: object) => ({
      ...receipt,
      services: [{ ...first, purposes: [{ ...first.purposes[0], ...changes }] }],
    });
    const faulty = [
      { ...receipt, version: 'KI-CR-v1.0.0' },
      { ...receipt, consentTimestamp: '2026-01-04T12:00:00Z' },
      { ...receipt, sensitive: true },
      { ...receipt, spiCat: ['Your health'] },
      { ...receipt, services: [] },
      { ...receipt, jurisdiction: ' ' },
      { ...receipt, person: 'jane' },
      withPurpose({ thirdPartyDisclosure: true }),
      withPurpose({ thirdPartyName: 'Beta GmbH' }),
      withPurpose({ termination: '' }),
    ];
    for (const one of faulty) expect(faultsOf(one), JSON.stringify(one)).not.toEqual([]);
    for (const name of kantaraReceiptSchema.required)
      expect(
        faultsOf(Object.fromEntries(Object.entries(receipt).filter(([own]) => own !== name))),
        name,
      ).not.toEqual([]);
  });
});

describe('whatever the input', () => {
  it('there is a receipt that the schema accepts, or a list of what is missing', () => {
    let [made, refused] = [0, 0];
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 4, 25).chain(inputsWith), (any) => {
        const result = kantaraReceipt(any);
        if ('missing' in result) {
          refused += 1;
          expect(result.missing.length).toBeGreaterThan(0);
          return;
        }
        made += 1;
        expect(faultsOf(result.document)).toEqual([]);
        const receipt = result.document as unknown as Receipt;
        expect(receipt.sensitive).toBe(receipt.spiCat.length > 0);
        const consented = any.purposes.filter(({ events }) =>
          events.some(({ action }) => action === 'grant' || action === 'renew'),
        );
        expect(receipt.services[0].purposes).toHaveLength(consented.length);
      }),
      { numRuns: 600 },
    );
    expect(made).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });

  it('nothing is missing of what is complete', () => {
    fc.assert(
      fc.property(inputsWith(0), (any) => {
        fc.pre(any.purposes.some(({ events }) => events.some(({ action }) => action === 'grant')));
        expect(kantaraReceipt(any)).toHaveProperty('document');
      }),
    );
  });

  it('nothing names the person but the pseudonym', () => {
    const canary = 'jane.doe@canary.example';
    const more = { proof: canary, context: { page: canary }, actor: canary };
    fc.assert(
      fc.property(inputsWith(0), (any) => {
        const purposes = any.purposes.map((one) => ({
          ...one,
          ...more,
          events: one.events.map((recorded) => ({ ...recorded, ...more })),
        }));
        const result = kantaraReceipt({ ...any, ...more, purposes });
        fc.pre('document' in result);
        expect(JSON.stringify(result)).not.toContain('canary');
        expect(result).toMatchObject({ document: { piiPrincipalId: person } });
      }),
    );
  });
});
