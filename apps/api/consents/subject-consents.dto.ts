import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import type { ConsentView, Explanation, HistoricConsent } from '#consent';
import { consentActions, legalBases, reasons, type ConsentAction } from '#decisions';
import { Optional } from '../http/optional.dto.js';

export class SubjectConsentDto implements ConsentView {
  @ApiProperty() purpose!: string;
  @ApiProperty({ enum: consentActions }) action!: ConsentAction;
  @ApiProperty({ format: 'date-time' }) since!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
  @ApiProperty({ nullable: true, type: String, description: 'The notice that the person saw.' })
  noticeVersion!: string | null;
}

export class HistoryPageDto {
  @ApiPropertyOptional({ minimum: 1, description: 'The number of the last event of the page before.' })
  @Optional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  before?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;
}

export class HistoricConsentDto implements HistoricConsent {
  @ApiProperty({ description: "The event's place in the ledger." }) number!: number;
  @ApiProperty() purpose!: string;
  @ApiProperty({ enum: consentActions }) action!: ConsentAction;
  @ApiProperty({ format: 'date-time', description: 'When it was recorded.' }) at!: Date;
  @ApiProperty({
    format: 'date-time',
    description: 'When it happened, by the clock of the device within bounds.',
  })
  occurredAt!: Date;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'What the clock of the device said, where that was beyond the bounds.',
  })
  claimedAt!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
  @ApiProperty({ nullable: true, type: String }) noticeVersion!: string | null;
  @ApiProperty({ nullable: true, type: String }) language!: string | null;
  @ApiProperty({ nullable: true, type: String }) jurisdiction!: string | null;
  @ApiProperty() channel!: string;
  @ApiProperty({ enum: ['person', 'guardian', 'agent', 'staff', 'import', 'system'] })
  actorKind!: HistoricConsent['actorKind'];
  @ApiProperty({ nullable: true, type: String }) proof!: string | null;
  @ApiProperty({ nullable: true, type: Number }) policyVersion!: number | null;
  @ApiProperty({ nullable: true, type: 'object', additionalProperties: { type: 'string' } })
  context!: Readonly<Record<string, string>> | null;
}

export class ExplainDto {
  @ApiPropertyOptional({ description: 'Where the person is; by default where they were said to be.' })
  @Optional()
  @Matches(/^[a-z][a-z0-9_-]{0,62}$/, { message: 'must be a lower-case word' })
  jurisdiction?: string;

  @ApiPropertyOptional({ description: 'The language of the notices (BCP 47).', example: 'de' })
  @Optional()
  @Matches(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, {
    message: 'must be a language tag, such as en or pt-BR',
  })
  language?: string;
}

class NoticeDto {
  @ApiProperty() version!: string;
  @ApiProperty() language!: string;
  @ApiProperty() text!: string;
}

class PromptDto {
  @ApiProperty({ description: 'Whether the person may be asked now.' }) ask!: boolean;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'Nobody asks before: the policy’s pause after a no.',
  })
  notBefore!: Date | null;
}

class ExplainedPurposeDto {
  @ApiProperty() purpose!: string;
  @ApiProperty() title!: string;
  @ApiProperty({ nullable: true, type: String, description: 'The purpose that this one is part of.' })
  within!: string | null;
  @ApiProperty({ enum: ['allow', 'deny'] }) effect!: 'allow' | 'deny';
  @ApiProperty({ enum: reasons }) reason!: string;
  @ApiProperty({ description: 'Why, in words for the person.' }) sentence!: string;
  @ApiProperty({ enum: legalBases, nullable: true, type: String }) legalBasis!: string | null;
  @ApiProperty({ nullable: true, type: NoticeDto }) notice!: NoticeDto | null;
  @ApiProperty({ type: PromptDto }) prompt!: PromptDto;
}

export class ExplainedDto {
  @ApiProperty() policyVersion!: number;
  @ApiProperty({ type: [ExplainedPurposeDto] }) purposes!: readonly ExplainedPurposeDto[];
}

export function presentExplanation(explanation: Explanation): ExplainedPurposeDto {
  const { purpose, title, within, decision, sentence, notice, prompt } = explanation;
  const { effect, reason, basisRecord } = decision;
  const legalBasis = basisRecord?.legalBasis ?? null;
  return { purpose, title, within, effect, reason, sentence, legalBasis, notice, prompt };
}
