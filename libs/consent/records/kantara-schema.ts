const filled = { type: 'string', minLength: 1, pattern: '\\S' } as const;
const filledList = { type: 'array', minItems: 1, items: filled } as const;

const postalAddress = {
  type: 'object',
  // https://schema.org/PostalAddress
  properties: {
    streetAddress: filled,
    postalCode: filled,
    addressLocality: filled,
    addressRegion: filled,
    addressCountry: filled,
  },
  required: ['streetAddress', 'addressCountry'],
  additionalProperties: false,
} as const;

const controller = {
  type: 'object',
  properties: {
    piiController: filled,
    onBehalf: { type: 'boolean' },
    contact: filled,
    address: postalAddress,
    email: { type: 'string', format: 'email' },
    // RFC 3966
    phone: { type: 'string', pattern: '^tel:\\+[0-9().-]*[0-9][0-9().-]*$' },
    piiControllerUrl: { type: 'string', format: 'uri' },
  },
  required: ['piiController', 'contact', 'address', 'email', 'phone'],
  additionalProperties: false,
} as const;

const purpose = {
  type: 'object',
  properties: {
    purpose: filled,
    purposeCategory: filledList,
    consentType: filled,
    piiCategory: filledList,
    primaryPurpose: { type: 'boolean' },
    termination: filled,
    thirdPartyDisclosure: { type: 'boolean' },
    thirdPartyName: filled,
  },
  required: [
    'purpose',
    'purposeCategory',
    'consentType',
    'piiCategory',
    'termination',
    'thirdPartyDisclosure',
  ],
  if: { properties: { thirdPartyDisclosure: { const: true } } },
  then: { required: ['thirdPartyName'] },
  else: { not: { required: ['thirdPartyName'] } },
  additionalProperties: false,
} as const;

const service = {
  type: 'object',
  properties: { service: filled, purposes: { type: 'array', minItems: 1, items: purpose } },
  required: ['service', 'purposes'],
  additionalProperties: false,
} as const;

/**
 * JSON Schema (draft-07) of a Kantara Consent Receipt 1.1.0: the members of section 4.8 with the rules of sections 4.3 to
 * 4.5 that its own schema leaves to the text, such as what must not be empty.
 */
export const kantaraReceiptSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Kantara Consent Receipt 1.1.0',
  type: 'object',
  properties: {
    version: { const: 'KI-CR-v1.1.0' },
    jurisdiction: filled,
    // Seconds since 1970-01-01T00:00:00Z.
    consentTimestamp: { type: 'integer', minimum: 0 },
    collectionMethod: filled,
    consentReceiptID: { type: 'string', format: 'uuid' },
    publicKey: filled,
    language: filled,
    piiPrincipalId: filled,
    piiControllers: { type: 'array', minItems: 1, items: controller },
    policyUrl: { type: 'string', format: 'uri' },
    services: { type: 'array', minItems: 1, items: service },
    sensitive: { type: 'boolean' },
    spiCat: { type: 'array', items: filled },
  },
  required: [
    'version',
    'jurisdiction',
    'consentTimestamp',
    'collectionMethod',
    'consentReceiptID',
    'language',
    'piiPrincipalId',
    'piiControllers',
    'policyUrl',
    'services',
    'sensitive',
    'spiCat',
  ],
  if: { properties: { sensitive: { const: true } } },
  then: { properties: { spiCat: { type: 'array', minItems: 1 } } },
  else: { properties: { spiCat: { type: 'array', maxItems: 0 } } },
  additionalProperties: false,
} as const;
