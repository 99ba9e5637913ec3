import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsISO8601,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { Reason } from '../http/reason.dto.js';
import type { AppliedPolicy, Policy, PolicyVersion, StoredPolicy } from '#policy';
import { Optional } from '../http/optional.dto.js';

export class PolicyFileDto {
  @ApiProperty({ maxLength: 512, description: 'As faults and plans name it.' })
  @IsString()
  @Length(1, 512)
  name!: string;

  @ApiProperty({ maxLength: 1_048_576, description: 'YAML or JSON.' })
  @IsString()
  @MaxLength(1_048_576)
  text!: string;
}

/** One of `files`, `document` and `version`. A body of type application/yaml is a `document`. */
export class PlanPolicyDto {
  @ApiPropertyOptional({ type: [PolicyFileDto], maxItems: 100 })
  @Optional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => PolicyFileDto)
  files?: PolicyFileDto[];

  @ApiPropertyOptional({ maxLength: 1_048_576, description: 'A policy of one file.' })
  @Optional()
  @IsString()
  @MaxLength(1_048_576)
  document?: string;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 2_147_483_647,
    description: 'A version of before, word for word.',
  })
  @Optional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  version?: number;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'When it takes effect; without it, as soon as it is applied.',
  })
  @Optional()
  @IsISO8601({ strict: true, strictSeparator: true })
  effectiveAt?: string;
}

export class ApplyPlanDto {
  @ApiProperty({ maxLength: 64, description: 'The digest of the plan that you were shown.' })
  @IsString()
  @Length(1, 64)
  digest!: string;
}

export class ApprovePlanDto {
  @Reason('Why it may remove that much.')
  reason!: string;
}

export class AppliedPlanDto {
  @ApiProperty() version!: number;
  @ApiProperty({ format: 'date-time', nullable: true, type: String, description: 'Null: now.' })
  effectiveAt!: Date | null;
}

export class PolicyDto implements AppliedPolicy {
  @ApiProperty() version!: number;
  @ApiProperty({ type: Object }) policy!: Policy;
}

export class PolicyVersionDto implements PolicyVersion {
  @ApiProperty() version!: number;
  @ApiProperty({ description: 'base64(SHA-256) of the policy as canonical JSON (RFC 8785).' })
  digest!: string;
  @ApiProperty({ format: 'date-time' }) appliedAt!: Date;
  @ApiProperty({
    format: 'date-time',
    nullable: true,
    type: String,
    description: 'Null: when it was applied.',
  })
  effectiveAt!: Date | null;
  @ApiProperty() actor!: string;
  @ApiProperty() inForce!: boolean;
}

export class StoredPolicyDto extends PolicyVersionDto implements StoredPolicy {
  @ApiProperty({ type: Object }) policy!: Policy;
  @ApiProperty({ type: [PolicyFileDto], description: 'What it was made from.' }) files!: PolicyFileDto[];
}
