import { z } from 'zod';
import { saidActions } from '../domain/consent.js';

const word = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be a lower-case word');

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** What somebody said, as it stands in a file: as `POST /v1/consents` takes it, and as the export gives it. */
export const consentRow = z.strictObject({
  subject: z.strictObject({
    type: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be a lower-case word'),
    value: z.string().min(1, 'must not be empty').max(1_024),
  }),
  purpose: word,
  action: z.enum(saidActions, {
    error: ({ input }) =>
      input === 'expire'
        ? 'cannot be said: without a consent that has lapsed decisions deny as well'
        : undefined,
  }),
  channel: word.default('import'),
  noticeVersion: z.string().min(1).max(64).nullish().transform(orNone),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, 'must be a language tag, such as en or pt-BR')
    .optional(),
  jurisdiction: word.optional(),
  occurredAt: moment.optional(),
  expiresAt: moment.nullish().transform(orNone),
  validity: z
    .string()
    .regex(
      /^P(?!$)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,5}D)?$/,
      'must be an ISO 8601 duration, such as P6M',
    )
    .optional(),
});
export type ConsentRow = z.infer<typeof consentRow>;

/** The export writes null for what there is not. */
function orNone<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

/** What the CSV reader gives. */
export const csvRow = z.object({ info: z.object({ lines: z.number() }), record: z.array(z.string()) });
