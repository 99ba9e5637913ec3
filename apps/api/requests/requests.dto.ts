import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsUUID } from 'class-validator';
import type { Caller } from '#access';
import type { Obligation } from '#enforcement';
import type { SubjectRef } from '#kernel';
import { requestStates, type FiledRequest, type Request } from '#requests';
import { IdentifierDto, OnePerson, SeveralPeople } from '../http/identifier.dto.js';
import { PageDto } from '../http/page.dto.js';
import { Optional } from '../http/optional.dto.js';

const kinds = ['deletion'] as const;

export class FileRequestDto {
  @ApiProperty({ enum: kinds })
  @IsIn(kinds)
  kind!: 'deletion';

  @OnePerson()
  subject!: IdentifierDto;
}

export class FileBatchDto {
  @ApiProperty({ enum: kinds })
  @IsIn(kinds)
  kind!: 'deletion';

  @SeveralPeople()
  subjects!: IdentifierDto[];
}

export class FiledRequestDto implements FiledRequest {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ description: 'It joined a request that is still open for the same person.' })
  joined!: boolean;
}

export class FiledBatchDto {
  @ApiProperty({ format: 'uuid' }) batchId!: string;
  @ApiProperty({ type: [FiledRequestDto] }) requests!: readonly FiledRequestDto[];
}

/** Whom it is about is left out for those who see outcomes only. */
export class RequestDto implements Partial<Request> {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'uuid', nullable: true, type: String }) batchId!: string | null;
  @ApiProperty({ enum: kinds }) kind!: 'deletion';
  @ApiProperty({ enum: requestStates }) state!: Request['state'];
  @ApiPropertyOptional({ format: 'uuid', type: String, description: 'The pseudonym of the person.' })
  subjectRef?: SubjectRef;
  @ApiProperty({ format: 'date-time', description: 'Signals collected up to this moment are erased.' })
  asOf!: Date;
  @ApiProperty({ format: 'date-time' }) deadline!: Date;
  @ApiProperty({ type: 'integer' }) policyVersion!: number;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) settledAt!: Date | null;
}

export function presentRequest(caller: Caller, request: Request): Partial<RequestDto> {
  const { id, batchId, kind, state, subjectRef, asOf, deadline, policyVersion, settledAt } = request;
  return caller.pick('Request', {
    id,
    batchId,
    kind,
    state,
    subjectRef,
    asOf,
    deadline,
    policyVersion,
    settledAt,
  });
}

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
    format: 'uuid',
    nullable: true,
    type: String,
    description: 'The held obligation that it continues.',
  })
  succeeds!: string | null;
  @ApiProperty({ nullable: true, type: String }) level!: string | null;
  @ApiProperty({ type: 'integer' }) policyVersion!: number;
  @ApiProperty({ format: 'date-time' }) plannedAt!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) settledAt!: Date | null;
}

export class RequestPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @IsUUID()
  batch?: string;
}

export class ObligationPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The id of a request, withdrawal or sweep.' })
  @Optional()
  @IsUUID()
  cause?: string;
}
