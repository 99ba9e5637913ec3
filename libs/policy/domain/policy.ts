import { z } from 'zod';
import { neverBelow } from './calendar.js';
import { categoryTerm, duration, matchShape, source, word } from './match.js';
import { controllerSchema } from './controller.js';
import { purpose, service } from './purpose.js';

const date = z.iso.date('must be a date, such as 2030-12-31');
const sentence = z.string().min(1).max(1_000);

/** Why data may be kept although its period is over or its subject wants it erased (GDPR Art. 17(3)). */
const basisToKeep = z.enum([
  'contract',
  'legal_obligation',
  'vital_interest',
  'public_task',
  'legitimate_interest',
  'legal_claims',
]);

const jurisdiction = z.strictObject({
  title: z.string().min(1).max(200),
  /** The jurisdiction that this one lies in; its rules hold here too. */
  within: word.optional(),
  /** From which age a person consents alone (GDPR Art. 8); below it, a guardian does. */
  ageOfConsent: z.int().min(1).max(25).optional(),
});

const category = z.strictObject({ title: z.string().min(1).max(200) });

/** How a field is made harmless where its row stays. */
export const redactionStrategies = [
  'nullify',
  'replace',
  'truncate',
  'generalise',
  'hash',
  'hmac',
  'encrypt',
  'format_preserving',
  'random',
  'token',
  'preserve',
] as const;

const redact = z.strictObject({ redact: z.enum(redactionStrategies) });

const exception = z.strictObject({
  match: matchShape.prefault({}),
  basis: basisToKeep,
  /** Up to and including this day (UTC) the rule erases nothing that the exception matches. */
  until: date,
  source: source.optional(),
});

/** Keep signals for a period, then act (GDPR Art. 5(1)(e)); or keep them at least for one. */
const retentionRule = z
  .strictObject({
    match: matchShape.prefault({}),
    /** The longest that signals are kept; `indefinitely` says that only a person's wish ends it, and asks for a reason. */
    keep: z.union([z.literal('indefinitely'), duration]).optional(),
    /** The shortest that signals are kept. All of a field's minimums hold, not only the most specific. */
    atLeast: duration.optional(),
    /** The moment a period is counted from: `collected`, `consent_ended`, or a moment that the dataset declares. */
    from: word.default('collected'),
    then: z.union([z.enum(['purge', 'aggregate', 'ask']), redact]).default('purge'),
    /** How long before it acts the person is told. */
    notice: duration.optional(),
    exceptions: z.array(exception).max(100).default([]),
    reason: sentence.optional(),
    source: source.optional(),
  })
  .superRefine(({ keep, atLeast, reason }, context) => {
    const refuse = (path: string, message: string) => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (keep === undefined && atLeast === undefined) refuse('keep', 'a rule needs keep, atLeast, or both');
    if (keep === 'indefinitely' && reason === undefined)
      refuse('reason', 'to keep something indefinitely needs a reason');
    if (keep !== undefined && keep !== 'indefinitely' && atLeast !== undefined && !neverBelow(keep, atLeast))
      refuse('atLeast', `the minimum ${atLeast} is above the maximum ${keep}`);
  });

/** What becomes of a field when its subject is erased (GDPR Art. 17). */
const erasureRule = z.strictObject({
  match: matchShape.prefault({}),
  then: z
    .union([
      z.literal('purge'),
      redact,
      z.strictObject({ retain: z.strictObject({ basis: basisToKeep, for: duration.optional() }) }),
    ])
    .default('purge'),
  source: source.optional(),
});

/** How long something may take, on the calendar. */
const clock = z.strictObject({
  jurisdiction: word.optional(),
  /** From acceptance to the day by which it must be done (GDPR Art. 12(3): one calendar month). */
  within: duration,
  /** By how much it may be extended, with notice. */
  extension: duration.optional(),
  source: source.optional(),
});

/** How far a store can go, from weakest to strongest. */
export const levels = ['hidden', 'removed', 'expunged', 'shredded'] as const;
const level = z.enum(levels);

/** What one change of policy may newly delete or redact before a second person has to approve it. */
const limit = z.strictObject({
  /** Without it, in each store. */
  store: word.optional(),
  rows: z.int().min(0).optional(),
  /** Of a dataset's rows, from 0 to 1. */
  share: z.number().min(0).max(1).optional(),
  source: source.optional(),
});

const lane = z.strictObject({
  rowsPerSecond: z.int().min(1).optional(),
  concurrency: z.int().min(1).max(64).optional(),
  /** Hours of the day, UTC, as 22-06. */
  window: z
    .string()
    .regex(/^(?:[01]\d|2[0-3])-(?:[01]\d|2[0-3])$/, 'must be two hours, such as 22-06')
    .optional(),
});

/** Writers race with erasure: what was erased is looked for once more, when they have come to rest. */
const readBack = z.strictObject({
  /** How long after the erasure; a day, when not given. */
  after: duration.optional(),
});

/** A policy: what may be done with signals, how long they are kept, and how they are erased. */
export const policySchema = z.strictObject({
  /** Who answers for the processing, as consent records name them. */
  controllers: z.record(word, controllerSchema).default({}),
  services: z.record(word, service).default({}),
  purposes: z.record(word, purpose).default({}),
  jurisdictions: z.record(word, jurisdiction).default({}),
  /** Categories of one's own, besides those of the Fides taxonomy and of the Data Privacy Vocabulary. */
  categories: z.record(categoryTerm, category).default({}),
  retention: z.record(word, retentionRule).default({}),
  erasure: z.record(word, erasureRule).default({}),
  clocks: z.record(word, clock).default({}),
  /** By store, the level an erasure has to reach. */
  levels: z.record(word, level).default({}),
  /** By store. */
  lanes: z.record(word, lane).default({}),
  limits: z.record(word, limit).default({}),
  readBack: readBack.prefault({}),
});

/** The parts of a policy, each a map of named things; `readBack` has its one setting under its name. */
export const sections = policySchema.keyof().options;
export type Section = (typeof sections)[number];

/** One of the files that a policy is made of. */
export const policyFileSchema = policySchema.extend({
  /** Packs of rules to build on; what this policy defines itself takes the place of what a pack names alike. */
  packs: z.array(word).max(20).default([]),
});

/** The JSON Schema (draft 2020-12) of a policy file, for editors. */
export function policyJsonSchema(): unknown {
  return z.toJSONSchema(policyFileSchema, { io: 'input' });
}

export type Policy = z.infer<typeof policySchema>;
export type Purpose = Policy['purposes'][string];
export type RetentionRule = Policy['retention'][string];
export type ErasureRule = Policy['erasure'][string];
export type Level = z.infer<typeof level>;

/** A policy together with the number that decisions, obligations and receipts pin. */
export interface AppliedPolicy {
  readonly version: number;
  readonly policy: Policy;
}
