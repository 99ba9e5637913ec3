import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsDate, isISO8601, isRFC3339 } from 'class-validator';

const isMoment = (value: unknown): value is string =>
  isRFC3339(value) && isISO8601(value, { strict: true, strictSeparator: true });

/** A member that is a date and time (RFC 3339, section 5.6), and a `Date` for whoever reads it. Whatever else it is stays what it is. */
export const Moment = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { readonly value: unknown }) => (isMoment(value) ? new Date(value) : value)),
    IsDate({ message: 'must be a date and time, such as 2026-05-01T12:00:00Z' }),
  );
