import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

const word = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a lower-case word');

/** An ISO 8601 duration above zero that a calendar can subtract: P6M, P20Y, P30D, PT12H. */
const duration = z
  .string()
  .max(32)
  .refine(isPositiveDuration, 'must be an ISO 8601 duration above zero, such as P6M');

const notice = z.strictObject({ version: z.string().min(1).max(64), text: z.string().min(1).max(10_000) });

/** A purpose of processing with its legal basis (GDPR Art. 6(1)); bases other than consent are declared here. */
const purpose = z.strictObject({
  title: z.string().min(1).max(200),
  legalBasis: z.enum([
    'consent',
    'contract',
    'legal_obligation',
    'vital_interest',
    'public_task',
    'legitimate_interest',
  ]),
  notice: notice.optional(),
  /** How long a consent holds; without it, until withdrawn. */
  validity: duration.optional(),
  /** Whether an opt-out signal of the request (Global Privacy Control) denies this purpose. */
  honoursOptOutSignal: z.boolean().default(false),
});

/** Keep signals of a dataset for a period from their collection, then purge them (GDPR Art. 5(1)(e)). */
const retentionRule = z.strictObject({
  store: word,
  dataset: word,
  keep: duration,
  from: z.literal('collected').default('collected'),
  source: z.string().max(200).optional(),
});

const erasure = z.strictObject({
  /** From acceptance to the day by which a deletion must be done (GDPR Art. 12(3): one calendar month). */
  deadline: duration.default('P1M'),
  source: z.string().max(200).optional(),
});

/** A policy document: what may be done with signals, how long they are kept, and how they are erased. */
export const policySchema = z.strictObject({
  purposes: z.record(word, purpose),
  retention: z.record(word, retentionRule).default({}),
  erasure: erasure.prefault({}),
});

/** The JSON Schema (draft 2020-12) of a policy document. */
export function policyJsonSchema(): unknown {
  return z.toJSONSchema(policySchema, { io: 'input' });
}

export type Policy = z.infer<typeof policySchema>;
export type Purpose = Policy['purposes'][string];
export type RetentionRule = Policy['retention'][string];

/** A policy together with the number that decisions, obligations and receipts pin. */
export interface AppliedPolicy {
  readonly version: number;
  readonly policy: Policy;
}

function isPositiveDuration(text: string): boolean {
  try {
    const parsed = Temporal.Duration.from(text);
    return parsed.sign > 0;
  } catch {
    return false;
  }
}
