import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import {
  breakGlassRoles,
  breakGlassStates,
  type BreakGlassRole,
  type BreakGlassState,
  type BreakGlassView,
} from '#access';
import { Reason } from '../http/reason.dto.js';

export class RequestBreakGlassDto {
  @ApiProperty({ enum: breakGlassRoles })
  @IsIn(breakGlassRoles)
  role!: BreakGlassRole;

  @Reason('Why; the tenant reads it.')
  reason!: string;

  @ApiProperty({ type: 'integer', minimum: 1, maximum: 240, description: 'From the approval on.' })
  @IsInt()
  @Min(1)
  @Max(240)
  minutes!: number;
}

export class BreakGlassDto implements BreakGlassView {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ enum: breakGlassRoles }) role!: BreakGlassRole;
  @ApiProperty() reason!: string;
  @ApiProperty({ type: 'integer' }) minutes!: number;
  @ApiProperty({ enum: breakGlassStates }) state!: BreakGlassState;
  @ApiProperty({ format: 'uuid', description: "The id of an operator's key." }) requestedBy!: string;
  @ApiProperty({ format: 'date-time', description: 'A request lapses 24 hours later.' })
  requestedAt!: Date;
  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: "That of another operator's key.",
  })
  approvedBy!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) approvedAt!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) endsAt!: Date | null;
  @ApiProperty({ nullable: true, type: String, description: 'Who ended it before its time.' })
  endedBy!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) endedAt!: Date | null;
  @ApiProperty({ type: 'integer', description: 'Operations it was used for.' }) uses!: number;
}
