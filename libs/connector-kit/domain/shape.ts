import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

/** A place in a document, as JSON Pointer parts. */
export type Path = readonly (string | number)[];

const longestList = 1_000;

const storeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a store name is lower-case letters, digits and hyphens');
const word = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a lower-case word');
const identifierType = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'an identifier type is a lower-case word');
const fieldName = z
  .string()
  .regex(/^[^\p{Cc}`]{1,128}$/u, 'a field name has at most 128 characters, without control characters');
const duration = z
  .string()
  .max(32)
  .refine(isPositiveDuration, 'must be an ISO 8601 duration above zero, such as P30D');

/** A fideslang-like category (`user.behavior`) or a term of the W3C Data Privacy Vocabulary (`dpv:`, `pd:`); its form only. */
const category = z
  .string({ error: 'every field needs a category' })
  .regex(
    /^(?:[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*|(?:dpv|pd):[A-Za-z][A-Za-z0-9-]*)$/,
    'a category is a dotted lower-case term such as user.behavior, or a dpv: or pd: term',
  );

/** GDPR Art. 6(1), and what Art. 17(3) adds as reasons to keep data that someone wants erased. */
const keptBecauseOf = z.enum([
  'contract',
  'legal_obligation',
  'vital_interest',
  'public_task',
  'legitimate_interest',
  'legal_claims',
]);

const rule = z.union(
  [
    z.literal('purge'),
    z.strictObject({ keep: z.strictObject({ basis: keptBecauseOf, until: duration.optional() }) }),
  ],
  {
    error: 'a rule is purge, or keep with its legal basis',
  },
);

/** A field's own rule is the most specific there is; without one, the erasure rules of the policy hold. */
const fieldRule = z.strictObject({ category, rule: rule.optional() });

/** What a field is, and what becomes of it when its subject is erased. */
export type FieldRule = z.infer<typeof fieldRule>;

const moment = z.strictObject({
  field: fieldName,
  form: z.enum(['timestamp', 'epoch_seconds', 'epoch_milliseconds']),
});

export const datasetShape = z.strictObject({
  location: z.string().min(1).max(512),
  subjectKey: z.strictObject({
    field: fieldName,
    form: z.enum(['text', 'integer']),
    identifier: identifierType,
  }),
  collectedAt: moment,
  /** Further moments that a row carries, and that retention rules may count from: last_used, account_closed, an event. */
  moments: z.record(word, moment).default({}),
  /** Where its signals come under the law, in the words of the policy. */
  jurisdiction: word.optional(),
  purposes: z.union(
    [
      z.array(word).min(1, 'there must be at least one purpose').max(longestList),
      z.strictObject({ field: fieldName }),
    ],
    {
      error: 'purposes are a list of at least one purpose, or the field that lists them',
    },
  ),
  derivedFrom: z
    .array(z.string().regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9_-]*$/, 'must be store/dataset'))
    .max(longestList)
    .default([]),
  tenantFilter: z.strictObject({ field: fieldName, value: z.string().max(256) }).optional(),
  fields: z.record(fieldName, fieldRule),
});

export const storeShape = z.strictObject({
  type: z.string(),
  settings: z.record(z.string(), z.unknown()),
  region: word.default('default'),
  backupHorizon: duration.optional(),
  datasets: z.record(word, z.unknown()),
});

export const documentShape = z.strictObject({ stores: z.record(storeName, z.unknown()) });

/** The whole document in one piece, for its JSON Schema; parsing goes piece by piece, to find all faults at once. */
export const dataMapShape = z.strictObject({
  stores: z.record(storeName, storeShape.extend({ datasets: z.record(word, datasetShape) })),
});

export type ParsedDataset = z.infer<typeof datasetShape>;

function isPositiveDuration(text: string): boolean {
  try {
    return Temporal.Duration.from(text).sign > 0;
  } catch {
    return false;
  }
}
