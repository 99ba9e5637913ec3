import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, IsUUID, Length } from 'class-validator';
import { obligationStates, outcomes, type Obligation } from '#enforcement';
import type { SubjectRef } from '#kernel';
import { Optional } from '../http/optional.dto.js';
import { PageDto } from '../http/page.dto.js';
import { Reason } from '../http/reason.dto.js';

/** Whom it is about is left out for those who see outcomes only. */
export class ObligationDto implements Partial<Obligation> {
  @ApiProperty({ format: 'uuid', type: String }) storeId!: Obligation['storeId'];
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() dataset!: string;
  @ApiProperty({ enum: ['request', 'withdrawal', 'sweep', 'reappearance'] })
  causeKind!: Obligation['causeKind'];
  @ApiProperty({ format: 'uuid' }) causeId!: string;
  @ApiPropertyOptional({ format: 'uuid', nullable: true, type: String, description: 'The pseudonym.' })
  subjectRef?: SubjectRef | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) cutOff!: Date | null;
  @ApiProperty({ format: 'date-time' }) asOf!: Date;
  @ApiProperty({ format: 'date-time' }) deadline!: Date;
  @ApiProperty({ type: 'integer' }) attempts!: number;
  @ApiProperty({ type: 'integer', description: 'Rows removed.' }) rows!: number;
  @ApiProperty({ description: 'False when a crash hid how many rows an attempt removed.' }) exact!: boolean;
  @ApiProperty({ nullable: true, type: String }) error!: string | null;
  @ApiProperty({ nullable: true, type: String }) outcome!: Obligation['outcome'];
  @ApiProperty({ nullable: true, type: String, description: 'The legal basis of what is retained or held.' })
  basis!: string | null;
  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: 'The legal hold that held it, or, while it is open, that it waits for.',
  })
  holdId!: string | null;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'Until when it is retained, or, while it is open, that it waits for.',
  })
  retainedUntil!: Date | null;
  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: 'The obligation that it continues: held, failed, or of which something came back.',
  })
  succeeds!: string | null;
  @ApiProperty({ nullable: true, type: String }) level!: string | null;
  @ApiProperty({ type: 'integer' }) policyVersion!: number;
  @ApiProperty({ format: 'date-time' }) plannedAt!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) settledAt!: Date | null;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'When it failed and was retried.',
  })
  retriedAt!: Date | null;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'When it failed and was given up.',
  })
  closedAt!: Date | null;
  @ApiProperty({ nullable: true, type: String, description: 'A key, or the subject of a token.' })
  closedBy!: string | null;
  @ApiProperty({ nullable: true, type: String }) closeReason!: string | null;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'When it is read back again.',
  })
  readBackDueAt!: Date | null;
  @ApiProperty({
    enum: ['confirmed', 'came_back', 'superseded', 'failed'],
    nullable: true,
    type: String,
    description: 'What the second read-back found.',
  })
  readBack!: Obligation['readBack'];
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) readBackAt!: Date | null;
}

export class ObligationPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The id of a request, withdrawal or sweep.' })
  @Optional()
  @IsUUID()
  cause?: string;

  @ApiPropertyOptional({
    enum: obligationStates,
    description: 'A dead letter failed, and was neither retried nor closed.',
  })
  @Optional()
  @IsIn(obligationStates)
  state?: (typeof obligationStates)[number];

  @ApiPropertyOptional({ enum: outcomes })
  @Optional()
  @IsIn(outcomes)
  outcome?: (typeof outcomes)[number];

  @ApiPropertyOptional({ description: 'The name of a store.' })
  @Optional()
  @IsString()
  @Length(1, 200)
  store?: string;

  @ApiPropertyOptional({ description: 'An error code, such as unauthorized.' })
  @Optional()
  @IsString()
  @Length(1, 200)
  error?: string;
}

/** At least one of the two. */
export class RetryFailedDto {
  @ApiPropertyOptional({ description: 'The name of the store that is well again.' })
  @Optional()
  @IsString()
  @Length(1, 200)
  store?: string;

  @ApiPropertyOptional({ description: 'The error code whose cause is removed.', example: 'unauthorized' })
  @Optional()
  @IsString()
  @Length(1, 200)
  error?: string;
}

export class RetriedDto {
  @ApiProperty({ type: 'integer' }) retried!: number;
  @ApiProperty({ description: 'There may be more: call again.' }) more!: boolean;
}

export class CloseFailedDto {
  @Reason('Why nobody retries it. It stands in the records, so name no person.')
  reason!: string;
}
