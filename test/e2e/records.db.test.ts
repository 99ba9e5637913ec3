import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const policy = (more: string, record: string) => `
${more}
jurisdictions: { eu: { title: European Union } }
purposes:
  memory:
    title: To remember you
    legalBasis: consent
    notice: { version: v1, text: We keep what you tell us., translations: { de: Wir behalten es. } }
    validity: P1Y
    ${record}
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`;
const controllers = `
controllers:
  acme:
    id: https://acme.example/#company
    name: Acme Ltd
    type: for_profit
    address: { streetAddress: 1 Main Street, addressLocality: Dublin, postalCode: D02, addressCountry: IE }
    contact: { email: privacy@acme.example, telephone: +353 1 555 0142, url: 'https://acme.example/privacy' }
services:
  assistant: { title: Assistant, policyUrl: 'https://acme.example/policy', collectionMethod: settings page }
`;
const record = `record:
      category: dpv:Personalisation
      data: [{ term: user.content }]
      storedIn: [eu]
      keptFor: P1Y
      recipients: []
      withdrawal: { text: In the settings, url: 'https://acme.example/settings' }`;

interface Issued {
  readonly document?: Readonly<Record<string, unknown>>;
  readonly jws?: string;
  readonly missing?: readonly string[];
}

describe('the records of a person\u2019s consents', () => {
  let system: TestSystem;
  let admin: Client & { readonly id: string };
  let ref: string;
  beforeAll(async () => {
    system = await startTestSystem();
    admin = await createTenant(system, 'recorded');
    await admin.applyPolicy(policy('', ''));
    const { body } = await admin.post('/v1/subjects', { subject }).expect(201);
    ref = String(body.subjectRef);
    for (const action of ['grant', 'withdraw', 'grant'])
      await admin
        .post('/v1/consents', { subject, purpose: 'memory', action, language: 'de', jurisdiction: 'eu' })
        .expect(201);
  });
  afterAll(() => system.stop());

  const subject = { type: 'email', value: 'canary@people.example' };
  const issue = async () =>
    (await admin.get(`/v1/subjects/${ref}/consents/records?language=de&jurisdiction=eu`).expect(200))
      .body as {
      readonly record: Issued;
      readonly receipt: Issued;
    };

  it('say what is missing, rather than fill it in', async () => {
    const { record: iso, receipt } = await issue();
    for (const issued of [iso, receipt]) {
      expect(issued.document).toBeUndefined();
      expect(issued.missing?.length).toBeGreaterThan(0);
    }
  });

  it('are complete when the policy is, and anyone can verify them with the published keys', async () => {
    await admin.applyPolicy(policy(controllers, record));
    const { record: iso, receipt } = await issue();
    const { body: keys } = await system.as('').get(`/consent-records/${admin.id}/keys`).expect(200);
    const key = createLocalJWKSet(keys as JSONWebKeySet);
    for (const [issued, type] of [
      [iso, 'consent-record+jwt'],
      [receipt, 'consent-receipt+jwt'],
    ] as const) {
      expect(issued.missing).toBeUndefined();
      const { payload, protectedHeader } = await compactVerify(issued.jws!, key, { algorithms: ['EdDSA'] });
      expect(protectedHeader.typ).toBe(type);
      expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(issued.document);
      expect(JSON.stringify(issued.document)).not.toContain('canary');
      const altered = issued.jws!.replace(/\.e/, '.f');
      expect(altered).not.toBe(issued.jws);
      await expect(compactVerify(altered, key)).rejects.toThrow();
    }
    expect(JSON.stringify(iso.document)).toContain('Wir behalten es.');
    expect(JSON.stringify(iso.document)).toContain('dpv:ConsentGiven');
    expect(receipt.document).toMatchObject({ version: 'KI-CR-v1.1.0', piiPrincipalId: ref });
  });

  it('have keys for tenants alone, each its own', async () => {
    const other = await createTenant(system, 'other');
    const keyOf = async (named: string) =>
      JSON.stringify((await system.as('').get(`/consent-records/${named}/keys`).expect(200)).body);
    expect(await keyOf(other.id)).not.toBe(await keyOf(admin.id));
    expect(await keyOf('recorded')).toBe(await keyOf(admin.id));
    for (const named of ['nobody', '00000000-0000-4000-8000-000000000000', 'a%00b'])
      await system.as('').get(`/consent-records/${named}/keys`).expect(404);
  });
});
