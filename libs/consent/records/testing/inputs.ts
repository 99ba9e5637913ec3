import fc from 'fast-check';
import { consentActions, legalBases } from '#decisions';
import { subjectRef } from '#kernel';
import { actorKinds } from '../../domain/consent.js';
import type { ConsentRecordInput, RecordedEvent, RecordedPurpose } from '../consent-record.js';
import { controllerSchema } from '#policy/domain';
import type { Controller } from '#policy';

export const person = '6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e11';
export const recordId = 'b4b8f1a2-33c4-4d5e-8f60-718293a4b5c6';

export const acme: Controller = controllerSchema.parse({
  id: 'https://acme.example/#company',
  name: 'Acme Ltd',
  type: 'for_profit',
  address: {
    streetAddress: '1 Main Street',
    addressLocality: 'Dublin',
    postalCode: 'D02',
    addressCountry: 'IE',
  },
  contact: {
    name: 'Privacy Office',
    email: 'privacy@acme.example',
    telephone: '+353 1 555 0142',
    url: 'https://acme.example/privacy/contact',
  },
  dpo: { name: 'Data Protection Officer', contact: { email: 'dpo@acme.example' } },
});

export function event(number: number, action: RecordedEvent['action'], changes: Partial<RecordedEvent> = {}) {
  const recorded: RecordedEvent = {
    number,
    action,
    at: new Date(Date.UTC(2026, 0, number, 12)),
    expiresAt: null,
    actorKind: 'person',
    channel: 'ui',
    language: 'en',
    noticeVersion: '3',
    ...changes,
  };
  return recorded;
}

export function purpose(changes: Partial<RecordedPurpose> = {}): RecordedPurpose {
  const events = changes.events ?? [event(4, 'grant')];
  return {
    name: 'personalisation',
    title: 'To fit answers to you',
    description: 'We choose what to show you by what you did before.',
    category: 'dpv:Personalisation',
    legalBasis: 'consent',
    notice: { version: '3', language: 'en', text: 'We use what you did to choose what to show you.' },
    personalData: [{ term: 'user.behavior' }, { term: 'pd:EmailAddress', title: 'Your e-mail address' }],
    storageLocations: ['eu', 'Our cellar'],
    retention: 'P6M',
    recipients: [],
    withdrawal: { text: 'In the settings', url: 'https://acme.example/settings' },
    events,
    decidedBy: events.at(-1)?.number ?? 0,
    ...changes,
  };
}

export function input(changes: Partial<ConsentRecordInput> = {}): ConsentRecordInput {
  return {
    recordId,
    schemaVersion: '1',
    issuedAt: new Date('2026-06-01T00:00:00Z'),
    subject: subjectRef(person),
    purposes: [purpose()],
    controllers: [acme],
    service: 'Acme Shop',
    policyUrl: 'https://acme.example/privacy',
    collectionMethod: 'On the settings page',
    jurisdiction: 'eu',
    language: 'en',
    ...changes,
  };
}

/** Mostly what belongs there, now and then nothing or something else. */
function mostly<T>(...good: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...good);
}

const anyText = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('', '   ', '\u00a0\n', '\ud800') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
);

/** `odd` is how often, in a hundred, a text is any text at all. */
function textOf(odd: number, ...good: readonly string[]): fc.Arbitrary<string> {
  return odd === 0
    ? mostly(...good)
    : fc.oneof({ weight: 100 - odd, arbitrary: mostly(...good) }, { weight: odd, arbitrary: anyText });
}

function eventsWith(odd: number): fc.Arbitrary<readonly RecordedEvent[]> {
  const date = fc.date({
    min: new Date('2020-01-01T00:00:00Z'),
    max: new Date('2030-01-01T00:00:00Z'),
    noInvalidDate: odd === 0,
  });
  const anyEvent = fc.record({
    number: fc.integer({ min: 1, max: 1_000_000 }),
    action: fc.constantFrom(...consentActions),
    at: date,
    occurredAt: fc.option(date, { nil: undefined }),
    expiresAt: fc.option(date),
    actorKind: fc.constantFrom(...actorKinds),
    channel: textOf(odd, 'ui', 'api', 'paper'),
    language: fc.option(textOf(odd, 'en', 'pt-BR')),
    noticeVersion: fc.option(textOf(odd, '1', '2026-01')),
    validity: fc.option(textOf(odd, 'P6M', 'PT12H')),
  });
  return fc.uniqueArray(anyEvent, {
    selector: ({ number }) => number,
    minLength: odd === 0 ? 1 : 0,
    maxLength: 6,
  });
}

function urlsWith(odd: number): fc.Arbitrary<string> {
  return textOf(odd, 'https://acme.example/x?y=1#z', 'https://\u00e4.example/\u00fc');
}

function noticesWith(odd: number) {
  const [version, language] = [textOf(odd, '1', '2'), textOf(odd, 'en', 'fr-CA')];
  return fc.tuple(version, language, textOf(odd, 'We use it.'), urlsWith(odd), fc.boolean());
}

function recipientsWith(odd: number) {
  return fc.record({
    name: textOf(odd, 'Beta GmbH', 'Gamma SA'),
    role: fc.constantFrom('processor' as const, 'third_party' as const),
    jurisdiction: fc.option(textOf(odd, 'de', 'us-ca'), { nil: undefined }),
    url: fc.option(urlsWith(odd), { nil: undefined }),
  });
}

function categoriesWith(odd: number) {
  const terms = ['user.contact.email', 'user.health_and_medical.genetic', 'pd:Location', 'constructor'];
  return fc.record({
    term: textOf(odd, ...terms),
    title: fc.option(textOf(odd, 'Your e-mail address'), { nil: undefined }),
    sensitive: fc.option(fc.boolean(), { nil: undefined }),
  });
}

function purposesWith(odd: number): fc.Arbitrary<RecordedPurpose> {
  const least = { minLength: odd === 0 ? 1 : 0, maxLength: 3 };
  const recipients = fc.array(recipientsWith(odd), { maxLength: 3 });
  return fc
    .record({
      name: textOf(odd, 'personalisation', 'training', 'sharing'),
      title: textOf(odd, 'To fit answers to you', 'To train models'),
      description: fc.option(textOf(odd, 'At length.'), { nil: undefined }),
      category: textOf(odd, 'dpv:Personalisation', 'dpv:Marketing'),
      legalBasis: fc.constantFrom(...legalBases),
      noticed: noticesWith(odd),
      personalData: fc.array(categoriesWith(odd), least),
      storageLocations: fc.array(textOf(odd, 'eu', 'us-ca', 'uk', 'The cellar'), least),
      retention:
        odd === 0
          ? mostly<string | undefined>('P6M', 'P1Y2M', 'P30D')
          : fc.option(textOf(odd, 'P6M', 'P0D', 'P'), { nil: undefined }),
      recipients: odd === 0 ? recipients : fc.option(recipients, { nil: undefined }),
      jurisdiction: fc.option(textOf(odd, 'de', 'br'), { nil: undefined }),
      withdrawal: fc.record({
        text: textOf(odd, 'In the settings'),
        url: fc.option(urlsWith(odd), { nil: undefined }),
      }),
      primary: fc.option(fc.boolean(), { nil: undefined }),
      events: eventsWith(odd),
      decides: fc.nat(),
    })
    .map(({ noticed: [version, language, text, url, byText], decides, ...rest }) => ({
      ...rest,
      notice: byText ? { version, language, text } : { version, language, url },
      // An event of its own, but for purposes without one.
      decidedBy: rest.events[decides % Math.max(1, rest.events.length)]?.number ?? 0,
    }));
}

function controllersWith(odd: number): fc.Arbitrary<Controller> {
  const contact = fc.record({
    name: fc.option(textOf(odd, 'Privacy Office'), { nil: undefined }),
    email:
      odd === 0
        ? mostly<string | undefined>('privacy@acme.example')
        : fc.option(textOf(odd, 'privacy@acme.example', 'nobody'), { nil: undefined }),
    telephone:
      odd === 0
        ? mostly<string | undefined>('+353 1 555 0142')
        : fc.option(textOf(odd, '+353 (1) 555-0142', '12'), { nil: undefined }),
    url: fc.option(textOf(odd, 'https://acme.example/'), { nil: undefined }),
  });
  const delegate = fc.option(fc.record({ name: textOf(odd, 'Somebody Ltd'), contact }), { nil: undefined });
  return fc.record({
    id: textOf(odd, 'https://acme.example/', 'IE 123', 'urn:lei:5493'),
    name: textOf(odd, 'Acme Ltd'),
    role: fc.constantFrom('controller' as const, 'joint_controller' as const),
    type: fc.constantFrom(...controllerSchema.shape.type.options),
    address: fc.record({
      streetAddress: textOf(odd, '1 Main Street'),
      addressLocality: textOf(odd, 'Dublin'),
      addressCountry: textOf(odd, 'IE'),
    }),
    contact,
    representative: delegate,
    dpo: delegate,
  });
}

/** Any input that the types allow; with `odd` 0, such as a policy and a history that are complete lead to. */
export function inputsWith(odd: number): fc.Arbitrary<ConsentRecordInput> {
  const least = { minLength: odd === 0 ? 1 : 0, maxLength: 3 };
  return fc.record({
    recordId: textOf(odd, recordId),
    schemaVersion: textOf(odd, '1'),
    issuedAt: fc.date({
      min: new Date('2020-01-01T00:00:00Z'),
      max: new Date('2031-01-01T00:00:00Z'),
      noInvalidDate: odd === 0,
    }),
    subject: fc.constant(subjectRef(person)),
    purposes: fc.array(purposesWith(odd), least),
    controllers: fc.array(controllersWith(odd), least),
    service: textOf(odd, 'Acme Shop'),
    policyUrl: textOf(odd, 'https://acme.example/privacy'),
    collectionMethod: textOf(odd, 'On the settings page'),
    jurisdiction: textOf(odd, 'eu', 'us-ca', 'Atlantis'),
    language: textOf(odd, 'en', 'zh-Hant-TW'),
  });
}
