import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import type { FiledRequest, Request } from '#requests';
import { requestStates } from '#requests';
import { IdentifierDto, OnePerson, SeveralPeople } from '../http/identifier.dto.js';
import { PageDto } from '../http/page.dto.js';

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

export class RequestDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'uuid', nullable: true, type: String }) batchId!: string | null;
  @ApiProperty({ enum: kinds }) kind!: string;
  @ApiProperty({ enum: requestStates }) state!: string;
  @ApiProperty({ format: 'date-time', description: 'Signals collected up to this moment are erased.' })
  asOf!: Date;
  @ApiProperty({ format: 'date-time' }) deadline!: Date;
  @ApiProperty() policyVersion!: number;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) settledAt!: Date | null;
}

export function presentRequest(request: Request): RequestDto {
  const { id, batchId, kind, state, asOf, deadline, policyVersion, settledAt } = request;
  return { id, batchId, kind, state, asOf, deadline, policyVersion, settledAt };
}

export class RequestPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  batch?: string;
}

export class ObligationPageDto extends PageDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The id of a request, withdrawal or sweep.' })
  @IsOptional()
  @IsUUID()
  cause?: string;
}
