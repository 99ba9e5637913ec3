import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { formatRevision, type AnsweredDecision } from '#consent';
import { legalBases, reasons, reasonSentences } from '#decisions';
import { IdentifierDto } from '../http/identifier.dto.js';

const mostQuestions = 10_000;
/** Longer than any consent string that is one. */
const longestSignal = 8_192;

// These shapes are checked by the JSON Schemas below, and documented by the classes.

const identifier = {
  type: 'object',
  required: ['type', 'value'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,62}$' },
    value: { type: 'string', minLength: 1, maxLength: 1_024 },
  },
} as const;
const purpose = { type: 'string', minLength: 1, maxLength: 63 } as const;
const jurisdiction = { type: 'string', minLength: 1, maxLength: 63 } as const;
const collectedAt = { type: 'string', maxLength: 40, format: 'date-time' } as const;
const context = {
  revision: { type: 'string', minLength: 1, maxLength: 32 },
  globalPrivacyControl: { type: 'boolean' },
  signals: {
    type: 'object',
    additionalProperties: false,
    properties: {
      tcf: { type: 'string', minLength: 1, maxLength: longestSignal },
      gpp: { type: 'string', minLength: 1, maxLength: longestSignal },
      gppSections: { type: 'array', maxItems: 50, items: { type: 'integer', minimum: -1, maximum: 100 } },
    },
  },
} as const;

export const questionSchema = {
  type: 'object',
  required: ['subject', 'purpose'],
  additionalProperties: false,
  properties: { subject: identifier, purpose, jurisdiction, collectedAt, ...context },
} as const;

export const batchSchema = {
  type: 'object',
  required: ['questions'],
  additionalProperties: false,
  properties: {
    questions: {
      type: 'array',
      minItems: 1,
      maxItems: mostQuestions,
      items: {
        type: 'object',
        required: ['subject', 'purpose'],
        additionalProperties: false,
        properties: { subject: identifier, purpose, jurisdiction, collectedAt },
      },
    },
    detail: { enum: ['full', 'reason'] },
    ...context,
  },
} as const;

export const filterSchema = {
  type: 'object',
  required: ['purpose', 'subjects'],
  additionalProperties: false,
  properties: {
    purpose,
    jurisdiction,
    subjects: {
      type: 'object',
      required: ['type', 'values'],
      additionalProperties: false,
      properties: {
        type: identifier.properties.type,
        values: {
          type: 'array',
          minItems: 1,
          maxItems: mostQuestions,
          items: { type: 'string', minLength: 1, maxLength: 1_024 },
        },
      },
    },
    ...context,
  },
} as const;

const revisionHelp = 'Never answer from a state older than this.';
const gpcHelp = 'Global Privacy Control, when it cannot be sent as the header Sec-GPC.';

class SignalsDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: longestSignal, description: 'A TC string (IAB TCF).' })
  tcf?: string;
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: longestSignal,
    description: 'A GPP string (IAB Global Privacy Platform).',
  })
  gpp?: string;
  @ApiPropertyOptional({
    type: [Number],
    maxItems: 50,
    description: 'The sections of it that apply (`applicableSections`); by default all.',
  })
  gppSections?: readonly number[];
}

class OneQuestionDto {
  @ApiProperty({ type: IdentifierDto }) subject!: IdentifierDto;
  @ApiProperty({ example: 'recommendations', minLength: 1, maxLength: 63 }) purpose!: string;
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 63,
    description: 'Where the person is; by default the purpose’s own legal basis holds.',
  })
  jurisdiction?: string;
  @ApiPropertyOptional({
    format: 'date-time',
    maxLength: 40,
    description:
      'When the signal was collected: one from before the person’s last word is judged by what held then as well.',
  })
  collectedAt?: string;
}

export class QuestionDto extends OneQuestionDto {
  @ApiPropertyOptional({ example: '1.42', minLength: 1, maxLength: 32, description: revisionHelp })
  revision?: string;
  @ApiPropertyOptional({ description: gpcHelp }) globalPrivacyControl?: boolean;
  @ApiPropertyOptional({
    type: SignalsDto,
    description: 'Consent strings; the policy says what they bear on, and they only ever deny.',
  })
  signals?: SignalsDto;
}

export class QuestionsDto {
  @ApiProperty({ type: [OneQuestionDto], minItems: 1, maxItems: mostQuestions })
  questions!: readonly OneQuestionDto[];
  @ApiPropertyOptional({ enum: ['full', 'reason'], default: 'full' }) detail?: 'full' | 'reason';
  @ApiPropertyOptional({ example: '1.42', minLength: 1, maxLength: 32, description: revisionHelp })
  revision?: string;
  @ApiPropertyOptional({ description: gpcHelp }) globalPrivacyControl?: boolean;
  @ApiPropertyOptional({
    type: SignalsDto,
    description: 'Consent strings; the policy says what they bear on, and they only ever deny.',
  })
  signals?: SignalsDto;
}

class PeopleDto {
  @ApiProperty({ example: 'account_id', pattern: '^[a-z][a-z0-9_]{0,62}$' }) type!: string;
  @ApiProperty({ type: [String], minItems: 1, maxItems: mostQuestions, example: ['42', '43'] })
  values!: readonly string[];
}

export class FilterDto {
  @ApiProperty({ example: 'recommendations', minLength: 1, maxLength: 63 }) purpose!: string;
  @ApiProperty({ type: PeopleDto }) subjects!: PeopleDto;
  @ApiPropertyOptional({ minLength: 1, maxLength: 63 }) jurisdiction?: string;
  @ApiPropertyOptional({ example: '1.42', minLength: 1, maxLength: 32, description: revisionHelp })
  revision?: string;
  @ApiPropertyOptional({ description: gpcHelp }) globalPrivacyControl?: boolean;
  @ApiPropertyOptional({
    type: SignalsDto,
    description: 'Consent strings; the policy says what they bear on, and they only ever deny.',
  })
  signals?: SignalsDto;
}

class BasisRecordDto {
  @ApiProperty({ enum: legalBases }) legalBasis!: string;
  @ApiProperty({ description: 'Whose consent decides: the purpose asked for, or one that it is part of.' })
  purpose!: string;
  @ApiProperty({ nullable: true, type: Number, description: "The consent event's number in the ledger." })
  event!: number | null;
  @ApiProperty({ nullable: true, type: String }) noticeVersion!: string | null;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' }) since!: Date | null;
  @ApiProperty({ nullable: true, type: String, format: 'date-time' }) expiresAt!: Date | null;
}

class ConditionsDto {
  @ApiProperty({ type: [String], description: 'Categories of data that may not be used for the purpose.' })
  leaveOut!: readonly string[];
  @ApiProperty({
    nullable: true,
    type: String,
    example: 'P90D',
    description: 'The oldest that signals may be.',
  })
  maximumAge!: string | null;
}

/** Why, in short. */
export class AnswerDto {
  @ApiProperty({ enum: ['allow', 'deny'] }) effect!: 'allow' | 'deny';
  @ApiProperty({ enum: reasons }) reason!: string;
}

export class DecisionDto extends AnswerDto {
  @ApiProperty({ description: 'The reason in a sentence.' }) sentence!: string;
  @ApiProperty({ nullable: true, type: BasisRecordDto }) basisRecord!: BasisRecordDto | null;
  @ApiProperty({ nullable: true, type: ConditionsDto, description: 'What an allow is bound to.' })
  conditions!: ConditionsDto | null;
  @ApiProperty({ nullable: true, type: Number }) policyVersion!: number | null;
  @ApiProperty({ nullable: true, type: String }) revision!: string | null;
}

class BatchedDecisionDto extends AnswerDto {
  @ApiPropertyOptional() sentence?: string;
  @ApiPropertyOptional({ nullable: true, type: BasisRecordDto }) basisRecord?: BasisRecordDto | null;
  @ApiPropertyOptional({ nullable: true, type: ConditionsDto }) conditions?: ConditionsDto | null;
  @ApiPropertyOptional({ nullable: true, type: Number }) policyVersion?: number | null;
  @ApiPropertyOptional({ nullable: true, type: String }) revision?: string | null;
}

class StampDto {
  @ApiProperty({ nullable: true, type: Number }) policyVersion!: number | null;
  @ApiProperty({ nullable: true, type: String, description: 'No answer is from a state older than this.' })
  revision!: string | null;
}

export class DecisionsDto extends StampDto {
  @ApiProperty({
    type: [BatchedDecisionDto],
    description: 'In the order asked; with `detail: reason`, effect and reason alone.',
  })
  decisions!: readonly BatchedDecisionDto[];
}

export class FilteredDto extends StampDto {
  @ApiProperty({ type: [Boolean], description: 'In the order asked: whether each may be used.' })
  allowed!: readonly boolean[];
}

export function presentDecision({ decision, epoch }: AnsweredDecision): DecisionDto {
  const { effect, reason, basisRecord, conditions, policyVersion, revision } = decision;
  return {
    effect,
    reason,
    sentence: reasonSentences[reason],
    basisRecord,
    conditions,
    policyVersion,
    revision: revisionOf(revision, epoch),
  };
}

/** The oldest of the states that answers rest on. */
export function presentStamp(
  answers: readonly AnsweredDecision[],
): Pick<StampDto, 'policyVersion' | 'revision'> {
  let [oldest] = answers;
  for (const answer of answers)
    if ((answer.decision.revision ?? -1) < (oldest?.decision.revision ?? -1)) oldest = answer;
  if (oldest === undefined) return { policyVersion: null, revision: null };
  const { policyVersion, revision } = oldest.decision;
  return { policyVersion, revision: revisionOf(revision, oldest.epoch) };
}

function revisionOf(number: number | null, epoch: number | null): string | null {
  return number === null || epoch === null ? null : formatRevision({ epoch, number });
}
