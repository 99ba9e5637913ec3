import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsIn,
  IsObject,
  IsString,
  Length,
  Matches,
  registerDecorator,
  ValidateNested,
} from 'class-validator';
import {
  saidActions,
  toldActorKinds,
  type Actor,
  type ConsentInput,
  type RecordedConsent,
  type SaidAction,
  type WithdrawalInput,
  type Withdrawn,
} from '#consent';
import { IdentifierDto, OnePerson } from '../http/identifier.dto.js';
import { Moment } from '../http/moment.dto.js';
import { Optional } from '../http/optional.dto.js';

const word = /^[a-z][a-z0-9_-]{0,62}$/;
const wordMessage = { message: 'must be a lower-case word' };
const mostContext = 20;

/** At most 20 short texts by name. */
function IsContext(): PropertyDecorator {
  const isEntry = ([name, text]: [string, unknown]) =>
    word.test(name) && typeof text === 'string' && text.length <= 200;
  return (target, property) => {
    registerDecorator({
      name: 'isContext',
      target: target.constructor,
      propertyName: String(property),
      options: {
        message: `must be at most ${mostContext} texts of at most 200 characters, named by lower-case words`,
      },
      validator: {
        validate: (value: unknown) =>
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          Object.keys(value).length <= mostContext &&
          Object.entries(value).every(isEntry),
      },
    });
  };
}

export class ActorDto implements Actor {
  @ApiProperty({
    enum: toldActorKinds,
    description: '`staff` acts on the person’s word, `agent` with its authority.',
  })
  @IsIn(toldActorKinds)
  kind!: (typeof toldActorKinds)[number];

  @ApiPropertyOptional({
    maxLength: 500,
    description: 'How the authority of an agent was made sure of, in words without personal data.',
  })
  @Optional()
  @IsString()
  @Length(1, 500)
  proof?: string;

  @ApiPropertyOptional({ type: IdentifierDto, description: 'Which of the person’s guardians acted.' })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => IdentifierDto)
  guardian?: IdentifierDto;
}

export class ConsentDto implements ConsentInput {
  @OnePerson()
  subject!: IdentifierDto;

  @ApiProperty({ example: 'recommendations' })
  @Matches(word, wordMessage)
  purpose!: string;

  @ApiProperty({ enum: saidActions })
  @IsIn(saidActions)
  action!: SaidAction;

  @ApiPropertyOptional({
    description: 'The notice the person saw; by default the one in force.',
    maxLength: 64,
  })
  @Optional()
  @IsString()
  @Length(1, 64)
  noticeVersion?: string;

  @ApiPropertyOptional({ description: 'The language they saw it in (BCP 47).', example: 'en', maxLength: 35 })
  @Optional()
  @Matches(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, {
    message: 'must be a language tag, such as en or pt-BR',
  })
  language?: string;

  @ApiPropertyOptional({ description: 'Where the person is, as the policy names it.', example: 'eu' })
  @Optional()
  @Matches(word, wordMessage)
  jurisdiction?: string;

  @ApiPropertyOptional({ description: 'How it reached us.', default: 'api', example: 'ui', maxLength: 64 })
  @Matches(word, wordMessage)
  channel: string = 'api';

  @ApiPropertyOptional({
    format: 'date-time',
    description:
      'When it happened by the clock of the device. Believed up to now and 30 days back; beyond that it is bounded, and recorded.',
  })
  @Optional()
  @Moment()
  occurredAt?: Date;

  @ApiPropertyOptional({
    example: 'P6M',
    description: 'For how long a grant holds; never longer than the policy says.',
  })
  @Optional()
  @Matches(
    /^P(?!$)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,5}D)?(?:T(?=\d)(?:\d{1,5}H)?(?:\d{1,5}M)?)?$/,
    {
      message: 'must be an ISO 8601 duration, such as P6M',
    },
  )
  validity?: string;

  @ApiPropertyOptional({ type: ActorDto, description: 'Who acted; by default who is calling.' })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => ActorDto)
  actor?: ActorDto;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 200 },
    maxProperties: mostContext,
    description:
      'Where it was collected, such as a screen or a form: names and short texts without personal data.',
  })
  @Optional()
  @IsContext()
  context?: Record<string, string>;
}

export class RecordedConsentDto implements RecordedConsent {
  @ApiProperty({ example: '1.42', description: 'Ask decisions with it to be answered from no older state.' })
  revision!: string;
  @ApiProperty({ format: 'date-time' }) at!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
}

export class WithdrawalDto implements WithdrawalInput {
  @OnePerson()
  subject!: IdentifierDto;

  @ApiPropertyOptional({ description: 'How it reached us.', default: 'api', maxLength: 64 })
  @Matches(word, wordMessage)
  channel: string = 'api';
}

class UnaffectedDto {
  @ApiProperty() purpose!: string;
  @ApiProperty() legalBasis!: string;
}

export class WithdrawnDto implements Omit<Withdrawn, 'unaffected'> {
  @ApiProperty({ nullable: true, type: String, description: 'Null where there was nothing to take back.' })
  revision!: string | null;
  @ApiProperty({ type: [String], description: 'Consents that were taken back.' })
  withdrawn!: readonly string[];
  @ApiProperty({ type: [String], description: 'Purposes on another basis that the person now objects to.' })
  objected!: readonly string[];
  @ApiProperty({ type: [UnaffectedDto], description: 'What goes on, as its basis cannot be objected to.' })
  unaffected!: readonly UnaffectedDto[];
}
