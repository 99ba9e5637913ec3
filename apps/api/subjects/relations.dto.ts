import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsObject,
  IsString,
  IsUUID,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { IdentifierDto } from '../http/identifier.dto.js';
import { IsDay } from './is-day.dto.js';

export class MergeDto {
  @ApiProperty({ format: 'uuid', description: 'Who the person turned out to be: their pseudonym.' })
  @IsUUID()
  into!: string;
}

export class SplitDto {
  @ApiProperty({
    type: [IdentifierDto],
    minItems: 1,
    maxItems: 100,
    description: 'Whose they are not after all.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => IdentifierDto)
  identifiers!: IdentifierDto[];
}

export class SplitOffDto {
  @ApiProperty({ format: 'uuid', description: 'The pseudonym of the new subject.' }) subjectRef!: string;
}

export class AgeDto {
  @ApiProperty({
    format: 'date',
    example: '2014-05-17',
    description: 'Used to work out the day of majority, and not kept.',
  })
  @IsDay()
  bornOn!: string;

  @ApiProperty({ description: 'Where the person is, as the policy names it.', example: 'eu' })
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, { message: 'must be a lower-case word' })
  jurisdiction!: string;
}

export class OfAgeDto {
  @ApiProperty({
    nullable: true,
    type: String,
    format: 'date',
    description: 'From when the person consents alone; null where the policy names no age.',
  })
  ofAgeOn!: string | null;
}

export class GuardianDto {
  @ApiProperty({ type: IdentifierDto })
  @IsObject()
  @ValidateNested()
  @Type(() => IdentifierDto)
  guardian!: IdentifierDto;

  @ApiProperty({
    minLength: 1,
    maxLength: 500,
    description: 'How you made sure of it, in words without personal data.',
  })
  @IsString()
  @Length(1, 500)
  proof!: string;
}

export class RegisteredGuardianDto {
  @ApiProperty({ format: 'uuid', description: "The guardian's pseudonym." }) guardianRef!: string;
}
