import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { IssuedRecord, IssuedRecords } from '#consent';
import { Optional } from '../http/optional.dto.js';

export class RecordsDto {
  @ApiPropertyOptional({ description: 'The language of the notices (BCP 47).', default: 'en' })
  @Optional()
  @Matches(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, {
    message: 'must be a language tag, such as en or pt-BR',
  })
  language: string = 'en';

  @ApiPropertyOptional({ description: 'Where the person is; by default where they were said to be.' })
  @Optional()
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, { message: 'must be a lower-case word' })
  jurisdiction?: string;
}

class IssuedRecordDto {
  @ApiPropertyOptional({ type: 'object', additionalProperties: true }) document?: object;
  @ApiPropertyOptional({ description: 'The document signed: a compact JWS (RFC 7515), EdDSA.' }) jws?: string;
  @ApiPropertyOptional({
    type: [String],
    description: 'What the policy does not say yet, and the standard demands.',
  })
  missing?: readonly string[];
}

export class IssuedRecordsDto implements IssuedRecords {
  @ApiProperty({ type: IssuedRecordDto, description: 'ISO/IEC TS 27560:2023, JSON-LD.' })
  record!: IssuedRecord;
  @ApiProperty({ type: IssuedRecordDto, description: 'Kantara Consent Receipt 1.1.' }) receipt!: IssuedRecord;
}

export class RecordKeysDto {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'RFC 7517.',
  })
  keys!: readonly object[];
}
