import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import type { Caller } from '#access';
import type { PlacedHold } from '#enforcement';
import type { SubjectRef } from '#kernel';
import { holdBases, holdStates, type Hold, type HoldView } from '#policy';
import { IdentifierDto } from '../http/identifier.dto.js';
import { Moment } from '../http/moment.dto.js';
import { Optional } from '../http/optional.dto.js';
import { PageDto } from '../http/page.dto.js';
import { Reason } from '../http/reason.dto.js';

const mostPeople = 1_000;
const mostNames = 100;

/** A part of a scope: names, any of which may match; left out, it stands for everything. */
const Names = (description: string, pattern: RegExp) =>
  applyDecorators(
    ApiPropertyOptional({ type: [String], minItems: 1, maxItems: mostNames, description }),
    Optional(),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(mostNames),
    IsString({ each: true }),
    MaxLength(200, { each: true }),
    Matches(pattern, { each: true, message: 'must be names as they are registered' }),
  );

export class ScopeDto {
  @ApiPropertyOptional({
    type: [IdentifierDto],
    minItems: 1,
    maxItems: mostPeople,
    description: 'The people; whoever is not known yet is registered.',
  })
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(mostPeople)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => IdentifierDto)
  subjects?: IdentifierDto[];

  @Names('Names of stores.', /^[a-z][a-z0-9-]{0,62}$/)
  stores?: string[];

  @Names('Datasets as `store/dataset`.', /^[a-z][a-z0-9-]{0,62}\/[a-z][a-z0-9_-]{0,62}$/)
  datasets?: string[];

  @Names(
    'Categories of fields; a category covers what is below it.',
    /^(?:[a-z][a-z0-9_.]*|(?:dpv|pd):[A-Za-z][A-Za-z0-9-]*)$/,
  )
  categories?: string[];

  @Names('Purposes; a purpose covers what lies within it.', /^[a-z][a-z0-9_-]{0,62}$/)
  purposes?: string[];

  @ApiPropertyOptional({ format: 'date-time', description: 'Signals collected from this moment on.' })
  @Optional()
  @Moment()
  collectedFrom?: Date;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'Signals collected up to and including this moment.',
  })
  @Optional()
  @Moment()
  collectedUntil?: Date;
}

export class PlaceHoldDto {
  @ApiProperty({
    enum: holdBases,
    description: 'Why the law lets the data be kept: GDPR Art. 17(3)(e), (b).',
  })
  @IsIn(holdBases)
  basis!: Hold['basis'];

  @ApiProperty({
    minLength: 1,
    maxLength: 200,
    example: '2026-114',
    description: 'The reference of the matter.',
  })
  @Transform(({ value }: { readonly value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, 200)
  matter!: string;

  @Reason('Why; read by those who may see holds, and by nobody else.')
  reason!: string;

  @ApiProperty({ type: () => ScopeDto, description: 'What is held: what all parts that are given name.' })
  @IsObject()
  @ValidateNested()
  @Type(() => ScopeDto)
  scope!: ScopeDto;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'When it ends by itself; else when it is lifted.',
  })
  @Optional()
  @Moment()
  until?: Date;
}

export class LiftHoldDto {
  @Reason('Why it is lifted.')
  reason!: string;
}

export class HoldPageDto extends PageDto {
  @ApiPropertyOptional({ enum: holdStates })
  @Optional()
  @IsIn(holdStates)
  state?: HoldView['state'];
}

export class HeldScopeDto {
  @ApiProperty({ type: [String] }) stores!: readonly string[];
  @ApiProperty({ type: [String] }) datasets!: readonly string[];
  @ApiProperty({ type: [String] }) categories!: readonly string[];
  @ApiProperty({ type: [String] }) purposes!: readonly string[];
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) collectedFrom!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) collectedUntil!: Date | null;
}

/** Whom it names is left out for those who see outcomes only. */
export class HoldDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ enum: holdStates }) state!: HoldView['state'];
  @ApiProperty({ enum: holdBases }) basis!: Hold['basis'];
  @ApiProperty() matter!: string;
  @ApiProperty() reason!: string;
  @ApiProperty({ type: 'integer', description: 'How many people it names; 0: everybody.' }) subjects!: number;
  @ApiPropertyOptional({ type: [String], description: 'Their pseudonyms.' })
  subjectRefs?: readonly SubjectRef[];
  @ApiProperty({ type: HeldScopeDto, description: 'A part without names stands for everything.' })
  scope!: HeldScopeDto;
  @ApiProperty({ description: 'A key, or the subject of a token.' }) placedBy!: string;
  @ApiProperty({ format: 'date-time' }) since!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) until!: Date | null;
  @ApiProperty({ nullable: true, type: String }) liftedBy!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) liftedAt!: Date | null;
  @ApiProperty({ nullable: true, type: String }) liftReason!: string | null;
}

export class InFlightDto {
  @ApiProperty({ format: 'uuid' }) batchId!: string;
  @ApiProperty({ format: 'date-time' }) startedAt!: Date;
  @ApiProperty({ type: [String], description: 'The obligations of it that the hold would have held.' })
  obligationIds!: readonly string[];
}

export class PlacedHoldDto extends HoldDto {
  @ApiProperty({
    type: [InFlightDto],
    description: 'Work that had begun when the hold was placed. It goes on.',
  })
  inFlight!: readonly InFlightDto[];

  @ApiProperty({
    type: [String],
    description:
      'Datasets whose keys do not tell of everybody it names: nothing is swept from them while it lasts.',
  })
  unkeyed!: readonly string[];
}

export function presentHold(caller: Caller, hold: HoldView): Partial<HoldDto> {
  const { id, state, basis, matter, reason, placedBy, since, until, liftedBy, liftedAt, liftReason } = hold;
  const { subjectRefs, stores, datasets, categories, purposes, collectedFrom, collectedUntil } = hold.scope;
  return caller.pick('Hold', {
    id,
    state,
    basis,
    matter,
    reason,
    subjects: subjectRefs.length,
    subjectRefs,
    scope: { stores, datasets, categories, purposes, collectedFrom, collectedUntil },
    placedBy,
    since,
    until,
    liftedBy,
    liftedAt,
    liftReason,
  });
}

export function presentPlaced(caller: Caller, placed: PlacedHold): Partial<PlacedHoldDto> {
  const { inFlight, unkeyed } = placed;
  return { ...presentHold(caller, placed), inFlight, unkeyed };
}
