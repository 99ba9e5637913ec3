import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsString, Length, Max, Min } from 'class-validator';
import type { DecisionRules, TravellingPerson } from '#decisions';
import { Optional } from '../http/optional.dto.js';

export class ShardDto {
  @ApiPropertyOptional({
    example: '0/4',
    maxLength: 9,
    description: 'One of so many equal parts of the people.',
  })
  @Optional()
  @IsString()
  @Length(3, 9)
  shard?: string;
}

export class ChangesSinceDto extends ShardDto {
  @ApiProperty({ example: '1.42', maxLength: 32, description: 'The revision that the replica knows of.' })
  @IsString()
  @Length(1, 32)
  after!: string;

  @ApiPropertyOptional({ minimum: 1, description: 'The version of the policy that the replica has.' })
  @Optional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  policyVersion?: number;
}

class TravellingPersonDto {
  @ApiProperty({ pattern: '^[0-9a-f]{16}$' }) hash!: string;
  @ApiProperty() known!: boolean;
  @ApiProperty() suppressed!: boolean;
  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'number', nullable: true } },
    description: 'For each purpose its number, the code of the state, and its end in epoch seconds or null.',
  })
  states!: TravellingPerson['states'];
}

export class ReplicaChangesDto {
  @ApiProperty({ example: '1.42' }) revision!: string;
  @ApiProperty({ nullable: true, type: Number }) policyVersion!: number | null;
  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description: 'Only where the policy is another than the replica’s.',
  })
  rules!: DecisionRules | null;
  @ApiProperty({ description: 'There is too much to tell: take a snapshot.' }) reload!: boolean;
  @ApiProperty({ type: [TravellingPersonDto] }) people!: readonly TravellingPerson[];
}
