import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import type { Identifier } from '#subjects';

/** A person, as the tenant knows them. */
export class IdentifierDto implements Identifier {
  @ApiProperty({ example: 'account_id', pattern: '^[a-z][a-z0-9_]{0,62}$' })
  @Matches(/^[a-z][a-z0-9_]{0,62}$/, { message: 'must be a lower-case word' })
  type!: string;

  @ApiProperty({ example: '42', maxLength: 1024 })
  @IsString()
  @MaxLength(1024)
  value!: string;
}
