import { z } from 'zod';
import { categoryTerm, duration, source, word } from './match.js';
import { purposeSignalsSchema } from './signal-rules.js';

/** GDPR Art. 6(1). */
const legalBasis = z.enum([
  'consent',
  'contract',
  'legal_obligation',
  'vital_interest',
  'public_task',
  'legitimate_interest',
]);

/** A BCP 47 tag of a language, such as en or pt-BR. */
const language = z
  .string()
  .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, 'must be a language tag, such as en or pt-BR');

const text = z.string().min(1).max(10_000);

/** What a person is shown before they answer (GDPR Arts. 7(2), 12 and 13). A changed text is a new version. */
const notice = z.strictObject({
  version: z.string().min(1).max(64),
  /** The language of `text`. */
  language: language.default('en'),
  text,
  /** The same in other languages. */
  translations: z.record(language, text).default({}),
  /** Whether consents given under other versions no longer hold, so that the person has to be asked again. */
  asksAgain: z.boolean().default(false),
});

/** What an allow is bound to. */
const conditions = z.strictObject({
  /** Categories of data that may not be used for the purpose; what lies below them neither. */
  leaveOut: z.array(categoryTerm).max(100).default([]),
  /** The oldest that signals may be. */
  maximumAge: duration.optional(),
});

const url = z.url({ protocol: /^https?$/ }).max(2_000);
const name = z.string().min(1).max(200);

/** What a consent record (ISO/IEC TS 27560) says of a purpose besides what decides. What is left out here is missing there. */
const record = z.strictObject({
  /** A purpose of the Data Privacy Vocabulary that this one is a kind of. */
  category: z
    .string()
    .regex(
      /^dpv:[A-Za-z][A-Za-z0-9-]{0,100}$/,
      'must be a term of the Data Privacy Vocabulary, such as dpv:Personalisation',
    )
    .default('dpv:Personalisation'),
  /** Categories of data that it uses; `sensitive` ones beyond those of GDPR Arts. 9 and 10 are marked. */
  data: z
    .array(z.strictObject({ term: categoryTerm, title: name.optional(), sensitive: z.boolean().optional() }))
    .max(100)
    .default([]),
  storedIn: z.array(name).max(20).default([]),
  keptFor: duration.optional(),
  /** Nobody has said, without it; an empty list says that nobody else gets the data. */
  recipients: z
    .array(
      z.strictObject({
        name,
        role: z.enum(['processor', 'third_party']),
        jurisdiction: name.optional(),
        url: url.optional(),
      }),
    )
    .max(100)
    .optional(),
  /** How it is taken back. */
  withdrawal: z.strictObject({ text: z.string().min(1).max(1_000), url: url.optional() }).optional(),
  /** Whether the service cannot be given without it. */
  primary: z.boolean().optional(),
});

/** What consents are for, as people know it: a product, with where its policy stands. */
export const service = z.strictObject({
  title: name,
  policyUrl: url,
  /** How consents are collected, in words. */
  collectionMethod: name,
});

/** A purpose of processing with its legal basis (GDPR Art. 6(1)); bases other than consent are declared here. */
export const purpose = z.strictObject({
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(2_000).optional(),
  /** The purpose that this one is part of: a no to that is a no to this, and a yes to that is none to this. */
  within: word.optional(),
  legalBasis,
  /** Where another basis holds, by jurisdiction, and in what lies within it. */
  bases: z.record(word, legalBasis).default({}),
  notice: notice.optional(),
  /** How long a consent holds; without it, until withdrawn. */
  validity: duration.optional(),
  /** How long after a no nobody asks again. */
  pause: duration.optional(),
  /** Whether an opt-out signal of the request (Global Privacy Control) denies this purpose. */
  honoursOptOutSignal: z.boolean().default(false),
  /** How consent strings of a request (TCF, GPP) bear on it; they only ever deny. */
  signals: purposeSignalsSchema.optional(),
  conditions: conditions.prefault({}),
  record: record.optional(),
  source: source.optional(),
});

/** A tenant's purposes are numbered in one byte where decisions are packed. */
export const mostPurposes = 255;
