import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { consentActions, type ConsentAction, type ConsentInput, type RecordedConsent } from '#consent';
import { IdentifierDto, OnePerson } from '../http/identifier.dto.js';

export class ConsentDto implements ConsentInput {
  @OnePerson()
  subject!: IdentifierDto;

  @ApiProperty({ example: 'recommendations' })
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, { message: 'must be a lower-case word' })
  purpose!: string;

  @ApiProperty({ enum: consentActions })
  @IsIn(consentActions)
  action!: ConsentAction;

  @ApiPropertyOptional({
    description: 'The notice the person saw; by default the one in force.',
    maxLength: 64,
  })
  @IsOptional()
  @IsString()
  @Length(1, 64)
  noticeVersion?: string;

  @ApiPropertyOptional({ description: 'How it reached us.', default: 'api', maxLength: 64 })
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, { message: 'must be a lower-case word' })
  channel: string = 'api';
}

export class RecordedConsentDto implements RecordedConsent {
  @ApiProperty({ example: '1.42', description: 'Ask decisions with it to be answered from no older state.' })
  revision!: string;
  @ApiProperty({ format: 'date-time' }) at!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
}
