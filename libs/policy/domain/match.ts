import { z } from 'zod';
import { isPositiveDuration } from './calendar.js';

/** A name of a purpose, a rule, a store, a dataset, a jurisdiction. */
export const word = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a lower-case word');

/** An ISO 8601 duration above zero that a calendar can subtract: P6M, P20Y, P30D, PT12H. */
export const duration = z
  .string()
  .max(32)
  .refine(isPositiveDuration, 'must be an ISO 8601 duration above zero, such as P6M');

/** Where a rule comes from: the article, the contract, the decision. */
export const source = z.string().min(1).max(200);

const fieldName = z
  .string()
  .regex(/^[^\p{Cc}`]{1,128}$/u, 'a field name has at most 128 characters, without control characters');

/** A term of the Fides taxonomy (`user.contact.email`), of the W3C Data Privacy Vocabulary (`dpv:`, `pd:`), or one declared under `categories`. */
export const categoryTerm = z
  .string()
  .max(200)
  .regex(
    /^(?:[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*|(?:dpv|pd):[A-Za-z][A-Za-z0-9-]*)$/,
    'a category is a dotted lower-case term such as user.behavior, or a dpv: or pd: term',
  );

/** What a person's consent to a purpose can be. */
export const consentStates = ['given', 'refused', 'withdrawn', 'expired', 'objected', 'missing'] as const;

const longestList = 100;

/** One value, or a list of which any may match. */
function oneOrMore<T>(value: z.ZodType<T>) {
  return z.union([value.transform((one): readonly T[] => [one]), z.array(value).min(1).max(longestList)]);
}

/**
 * Which fields a rule is about; what is left out matches everything. A category matches what is below it, a
 * jurisdiction what lies within it.
 */
export const matchShape = z.strictObject({
  field: oneOrMore(fieldName).optional(),
  dataset: oneOrMore(word).optional(),
  store: oneOrMore(word).optional(),
  category: oneOrMore(categoryTerm).optional(),
  purpose: oneOrMore(word).optional(),
  jurisdiction: oneOrMore(word).optional(),
  consent: oneOrMore(z.enum(consentStates)).optional(),
});
export type Match = z.infer<typeof matchShape>;

/**
 * What rules are told apart by, the most specific first: of two rules that match one field, the one that names the
 * first of these that the other does not name wins; with categories and jurisdictions, the deeper.
 */
export const dimensions = [
  'field',
  'dataset',
  'store',
  'category',
  'purpose',
  'jurisdiction',
  'consent',
] as const;
export type Dimension = (typeof dimensions)[number];
