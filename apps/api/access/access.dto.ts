import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsRFC3339,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { keyRoles, type KeyRole, type Scope } from '#access';
import { Optional } from '../http/optional.dto.js';

export class CreateTenantDto {
  @ApiProperty({ example: 'acme', pattern: '^[a-z][a-z0-9-]{0,62}$' })
  @Matches(/^[a-z][a-z0-9-]{0,62}$/, { message: 'must be lower-case letters, digits and hyphens' })
  slug!: string;

  @ApiProperty({ example: 'Acme GmbH', minLength: 1, maxLength: 200 })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiPropertyOptional({
    example: 'privacy.acme.example/lethe',
    pattern: '^[a-z0-9][a-z0-9.-]{0,99}(/[a-z0-9._~-]{1,64}){0,4}$',
    description: "The name of the tenant's log, for ever; by default one made of the slug.",
  })
  @Optional()
  @Matches(/^[a-z0-9][a-z0-9.-]{0,99}(\/[a-z0-9._~-]{1,64}){0,4}$/, {
    message: 'must be a host name and a path, in lower case, without a scheme',
  })
  origin?: string;
}

export class CreatedTenantDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() slug!: string;
  @ApiProperty({ description: "The origin line of the tenant's log." }) origin!: string;
  @ApiProperty({ description: "The log's public key, in the C2SP form." }) verifierKey!: string;
  @ApiProperty({ description: 'Shown once.' }) administratorKey!: string;
}

const Names = (what: string) =>
  ApiPropertyOptional({ type: [String], minItems: 1, maxItems: 100, description: what });

export class ScopeDto implements Scope {
  @Names('Purposes that decisions and consents are narrowed to.')
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Length(1, 63, { each: true })
  purposes?: string[];

  @Names('Names of stores.')
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Length(1, 63, { each: true })
  stores?: string[];

  @Names('Regions of stores.')
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Length(1, 63, { each: true })
  regions?: string[];
}

export class IssueKeyDto {
  @ApiProperty({ enum: keyRoles })
  @IsIn(keyRoles)
  role!: KeyRole;

  @ApiProperty({ minLength: 1, maxLength: 200 })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiPropertyOptional({
    type: ScopeDto,
    description: 'Narrows the key; it then reaches nothing that cannot be narrowed so.',
  })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => ScopeDto)
  scope?: ScopeDto;

  @ApiPropertyOptional({ format: 'date-time' })
  @Optional()
  @IsRFC3339()
  @IsISO8601({ strict: true })
  expiresAt?: string;
}

export class RotateKeyDto {
  @ApiPropertyOptional({
    minimum: 0,
    maximum: 2_592_000,
    default: 86_400,
    description: 'For how long the old key still works: a day by default, at most 30.',
  })
  @IsInt()
  @Min(0)
  @Max(2_592_000)
  overlapSeconds: number = 86_400;
}

export class KeyDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() prefix!: string;
  @ApiProperty() role!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ nullable: true, type: ScopeDto }) scope!: Scope | null;
  @ApiProperty({ format: 'date-time' }) createdAt!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) revokedAt!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String, description: 'To within ten seconds.' })
  lastUsedAt!: Date | null;
  @ApiProperty({ format: 'uuid', nullable: true, type: String }) replacedBy!: string | null;
}

export class IssuedKeyDto extends KeyDto {
  @ApiProperty({ description: 'Shown once.' }) key!: string;
}
