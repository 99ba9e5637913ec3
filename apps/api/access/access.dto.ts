import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, IsRFC3339, IsString, Length, Matches } from 'class-validator';

const tenantRoles = ['administrator', 'privacy_officer', 'auditor', 'service'] as const;

export class CreateTenantDto {
  @ApiProperty({ example: 'acme', pattern: '^[a-z][a-z0-9-]{0,62}$' })
  @Matches(/^[a-z][a-z0-9-]{0,62}$/, { message: 'must be lower-case letters, digits and hyphens' })
  slug!: string;

  @ApiProperty({ example: 'Acme GmbH', maxLength: 200 })
  @IsString()
  @Length(1, 200)
  name!: string;
}

export class CreatedTenantDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() slug!: string;
  @ApiProperty({ description: "The origin line of the tenant's log." }) origin!: string;
  @ApiProperty({ description: "The log's public key, in the C2SP form." }) verifierKey!: string;
  @ApiProperty({ description: 'Shown once.' }) administratorKey!: string;
}

export class IssueKeyDto {
  @ApiProperty({ enum: tenantRoles })
  @IsIn(tenantRoles)
  role!: (typeof tenantRoles)[number];

  @ApiProperty({ maxLength: 200 })
  @IsString()
  @Length(1, 200)
  name!: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsRFC3339()
  @IsISO8601({ strict: true })
  expiresAt?: string;
}

export class KeyDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() prefix!: string;
  @ApiProperty() role!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ format: 'date-time' }) createdAt!: Date;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) expiresAt!: Date | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) revokedAt!: Date | null;
}

export class IssuedKeyDto extends KeyDto {
  @ApiProperty({ description: 'Shown once.' }) key!: string;
}
