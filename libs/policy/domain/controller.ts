import { z } from 'zod';

/** One line of text without control characters or blanks around it. */
function line(longest: number) {
  return z
    .string()
    .max(longest)
    .regex(/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, 'must be one line of text');
}

const url = z.url({ protocol: /^https?$/ }).max(2_000);

/** Where a controller can be reached; at least one way. A Kantara receipt needs both an e-mail address and a telephone number. */
const contact = z
  .strictObject({
    /** Whom to ask for: a desk or a role, such as Privacy Office. */
    name: line(200).optional(),
    email: z.email().max(254).optional(),
    /** With the country code (RFC 3966): +353 1 555 0142. */
    telephone: z
      .string()
      .regex(/^\+[0-9][0-9 ().-]{3,30}[0-9]$/, 'must be a telephone number with its country code')
      .optional(),
    url: url.optional(),
  })
  .refine(
    ({ email, telephone, url: page }) => email !== undefined || telephone !== undefined || page !== undefined,
    'needs an e-mail address, a telephone number or a URL',
  );

/** https://schema.org/PostalAddress, as both standards ask for. */
const postalAddress = z.strictObject({
  streetAddress: line(300),
  postalCode: line(20).optional(),
  addressLocality: line(100),
  addressRegion: line(100).optional(),
  /** ISO 3166-1, two letters. */
  addressCountry: z.string().regex(/^[A-Z]{2}$/, 'must be a country of two capital letters, such as IE'),
});

/** The kinds of entity of the Data Privacy Vocabulary that can be a controller. */
const kind = z.enum([
  'for_profit',
  'non_profit',
  'academic',
  'governmental',
  'international',
  'natural_person',
  'legal_entity',
]);

/** Somebody who answers for a controller, who is not the controller. */
const delegate = z.strictObject({ name: line(200), contact });

/** Who decides why and how personal data is processed (GDPR Art. 4(7)), as a consent record names them. */
export const controllerSchema = z.strictObject({
  /** An IRI, or a registration number or name that is unique among a tenant's controllers. */
  id: line(200),
  /** The legal name. */
  name: line(200),
  role: z.enum(['controller', 'joint_controller']).default('controller'),
  type: kind,
  address: postalAddress,
  contact,
  /** In the Union, of a controller outside of it (GDPR Art. 27). */
  representative: delegate.optional(),
  /** The data protection officer (GDPR Art. 37). */
  dpo: delegate.optional(),
});

export type Controller = Readonly<z.infer<typeof controllerSchema>>;
