import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsUUID } from 'class-validator';
import type { Caller } from '#access';
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

export class RequestPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @IsUUID()
  batch?: string;
}
