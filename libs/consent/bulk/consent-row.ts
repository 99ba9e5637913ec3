import { z } from 'zod';
import { saidActions } from '../domain/consent.js';

const word = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a lower-case word');

/** What somebody said, as it stands in a file: as `POST /v1/consents` takes it. */
export const consentRow = z.strictObject({
  subject: z.strictObject({
    type: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be a lower-case word'),
    value: z.string().max(1_024),
  }),
  purpose: word,
  action: z.enum(saidActions),
  channel: word.default('import'),
  noticeVersion: z.string().min(1).max(64).optional(),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, 'must be a language tag, such as en or pt-BR')
    .optional(),
  jurisdiction: word.optional(),
  occurredAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  validity: z
    .string()
    .regex(
      /^P(?!$)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,5}D)?$/,
      'must be an ISO 8601 duration, such as P6M',
    )
    .optional(),
});
export type ConsentRow = z.infer<typeof consentRow>;

/** What the CSV reader gives. */
export const csvRow = z.object({
  info: z.object({ lines: z.number() }),
  record: z.record(z.string(), z.string()),
});
