import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length } from 'class-validator';

/** A member in which a person says why; without the white space around it. */
export const Reason = (description: string) =>
  applyDecorators(
    ApiProperty({ minLength: 10, maxLength: 500, description, example: 'Ticket 4711: cannot log in' }),
    Transform(({ value }: { readonly value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    IsString(),
    Length(10, 500),
  );
