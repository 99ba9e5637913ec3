import { z } from 'zod';

const change = z.object({
  section: z.string(),
  name: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  members: z.array(
    z.object({ member: z.string(), before: z.string().optional(), after: z.string().optional() }),
  ),
  origin: z.object({ file: z.string(), line: z.number(), pack: z.string().optional() }).nullable(),
});

const finding = z.object({
  store: z.string(),
  dataset: z.string(),
  fields: z.array(z.string()).optional(),
  rules: z.array(z.string()),
  message: z.string(),
});

const impact = z.object({
  store: z.string(),
  dataset: z.string(),
  fields: z.array(z.string()),
  rows: z.number().nullable(),
  due: z.number().nullable(),
  dueAlready: z.number().nullable(),
  byRule: z.array(z.object({ rule: z.string(), rows: z.number() })),
  undated: z.number().nullable(),
  unknownPurpose: z.number().nullable(),
  error: z.string().nullable(),
});

/** A plan as the API answers it. */
export const planAnswer = z.object({
  id: z.string(),
  state: z.enum(['counting', 'ready', 'refused', 'applied']),
  version: z.number().nullable(),
  base: z.number().nullable(),
  effectiveAt: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string(),
  digest: z.string().nullable(),
  changes: z.array(change),
  replaced: z.array(z.string()),
  coverage: z.object({
    fields: z.number(),
    uncovered: z.array(
      z.object({ store: z.string(), dataset: z.string(), field: z.string(), lacks: z.array(z.string()) }),
    ),
  }),
  conflicts: z.array(finding),
  unenforced: z.array(finding),
  impact: z.array(impact),
  progress: z.object({ counted: z.number(), of: z.number() }),
  approval: z.object({
    needed: z.boolean(),
    reasons: z.array(z.string()),
    by: z.string().nullable(),
    at: z.string().nullable(),
  }),
});

export const versionsAnswer = z.array(
  z.object({
    version: z.number(),
    digest: z.string(),
    appliedAt: z.string(),
    effectiveAt: z.string().nullable(),
    actor: z.string(),
    inForce: z.boolean(),
  }),
);

export const appliedAnswer = z.object({ version: z.number(), effectiveAt: z.string().nullable() });

export type Plan = z.infer<typeof planAnswer>;
export type Versions = z.infer<typeof versionsAnswer>;
