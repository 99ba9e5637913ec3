import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import type { Sweep } from '#retention';

export class StartSweepsDto {
  @ApiProperty({ description: 'Count what is due and touch nothing.' })
  @IsBoolean()
  dryRun!: boolean;
}

export class StartedSweepsDto {
  @ApiProperty({ format: 'uuid' }) runId!: string;
}

export class SweepDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() rule!: string;
  @ApiProperty({ format: 'uuid' }) storeId!: string;
  @ApiProperty() dataset!: string;
  @ApiProperty({
    description: '`collected`, or a moment that the data map declares: what rows are judged by.',
  })
  moment!: string;
  @ApiProperty({
    nullable: true,
    type: [String],
    description: 'Only rows that list none but these; empty: that list nothing; null: all rows.',
  })
  onlyPurposes!: string[] | null;
  @ApiProperty({ format: 'date-time', description: 'Signals from strictly before it are due.' })
  cutOff!: Date;
  @ApiProperty() dryRun!: boolean;
  @ApiProperty({ enum: ['requested', 'running', 'finished', 'failed'] }) state!: string;
  @ApiProperty({ nullable: true, type: Number }) expected!: number | null;
  @ApiProperty({ nullable: true, type: Number }) effected!: number | null;
  @ApiProperty({ nullable: true, type: String }) error!: string | null;
  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: 'The legal hold that keeps some of its rows, or all. They are swept when it is over.',
  })
  holdId!: string | null;
  @ApiProperty() policyVersion!: number;
}

export function presentSweep(sweep: Sweep): SweepDto {
  const { id, rule, storeId, dataset, moment, onlyPurposes, cutOff, dryRun, state } = sweep;
  const { expected, effected, error, holdId, policyVersion } = sweep;
  return {
    id,
    rule,
    storeId,
    dataset,
    moment,
    onlyPurposes: onlyPurposes === null ? null : [...onlyPurposes],
    cutOff,
    dryRun,
    state,
    expected,
    effected,
    error,
    holdId,
    policyVersion,
  };
}
