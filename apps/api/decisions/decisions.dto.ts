import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { formatRevision, reasons, type AnsweredDecision } from '#consent';
import { IdentifierDto, OnePerson } from '../http/identifier.dto.js';

export class QuestionDto {
  @OnePerson()
  subject!: IdentifierDto;

  @ApiProperty({ example: 'recommendations', maxLength: 63 })
  @IsString()
  @Length(1, 63)
  purpose!: string;

  @ApiPropertyOptional({ example: '1.42', description: 'Never answer from a state older than this.' })
  @IsOptional()
  @IsString()
  @Length(1, 32)
  revision?: string;

  @ApiPropertyOptional({
    description: 'Global Privacy Control, when it cannot be sent as the header Sec-GPC.',
  })
  @IsOptional()
  @IsBoolean()
  globalPrivacyControl?: boolean;
}

class BasisRecordDto {
  @ApiProperty() legalBasis!: string;
  @ApiProperty({ nullable: true, type: Number, description: "The consent event's number in the ledger." })
  event!: number | null;
  @ApiProperty({ nullable: true, type: String }) noticeVersion!: string | null;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' }) since!: Date | null;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' }) expiresAt!: Date | null;
}

export class DecisionDto {
  @ApiProperty({ enum: ['allow', 'deny'] }) effect!: 'allow' | 'deny';
  @ApiProperty({ enum: reasons }) reason!: string;
  @ApiProperty({ nullable: true, type: BasisRecordDto }) basisRecord!: BasisRecordDto | null;
  @ApiProperty({ nullable: true, type: Number }) policyVersion!: number | null;
  @ApiProperty({ nullable: true, type: String }) revision!: string | null;
}

export function presentDecision(decision: AnsweredDecision): DecisionDto {
  const { effect, reason, basisRecord, policyVersion, revision, epoch } = decision;
  const token = revision === null || epoch === null ? null : formatRevision({ epoch, number: revision });
  return { effect, reason, basisRecord, policyVersion, revision: token };
}
