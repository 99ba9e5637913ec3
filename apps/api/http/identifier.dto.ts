import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsObject,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import type { Identifier } from '#subjects';

/** A person, as the tenant knows them. */
export class IdentifierDto implements Identifier {
  @ApiProperty({ example: 'account_id', pattern: '^[a-z][a-z0-9_]{0,62}$' })
  @Matches(/^[a-z][a-z0-9_]{0,62}$/, { message: 'must be a lower-case word' })
  type!: string;

  @ApiProperty({ example: '42', minLength: 1, maxLength: 1024 })
  @IsString()
  @Length(1, 1024)
  value!: string;
}

const largestBatch = 10_000;

/** A member that names one person. */
export const OnePerson = () =>
  applyDecorators(
    ApiProperty({ type: IdentifierDto }),
    IsObject(),
    ValidateNested(),
    Type(() => IdentifierDto),
  );

/** A member that names 1 to 10,000 people, or as many as `most` says. */
export const SeveralPeople = (description = 'At most 10,000 people.', most = largestBatch) =>
  applyDecorators(
    ApiProperty({ type: [IdentifierDto], minItems: 1, maxItems: most, description }),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(most),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(() => IdentifierDto),
  );
