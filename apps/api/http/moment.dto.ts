import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsDate, isISO8601, isRFC3339 } from 'class-validator';

/** A date and time by RFC 3339, of a day that there is. */
export function isMoment(value: unknown): value is string {
  if (typeof value !== 'string' || !isRFC3339(value)) return false;
  return isISO8601(value, { strict: true, strictSeparator: true }) && !Number.isNaN(Date.parse(value));
}

/** A member that is a date and time, and a `Date` for whoever reads it. Whatever else it is stays what it is. */
export const Moment = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { readonly value: unknown }) => (isMoment(value) ? new Date(value) : value)),
    IsDate({ message: 'must be a date and time, such as 2026-05-01T12:00:00Z' }),
  );
