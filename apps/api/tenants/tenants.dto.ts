import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, Length, Matches } from 'class-validator';
import type { TenantState } from '#access';
import { nextSteps, type NextStep } from '#offboarding';

const states = ['active', 'offboarding', 'erasing', 'offboarded'] as const satisfies readonly TenantState[];

export class BeginOffboardingDto {
  @ApiProperty({
    example: 'acme',
    minLength: 1,
    maxLength: 63,
    description: "The tenant's slug, so that nobody leaves by mistake.",
  })
  @Length(1, 63)
  confirm!: string;

  @ApiPropertyOptional({
    default: false,
    description: 'Leave although requests, obligations or withdrawals are open; the erasure ends them.',
  })
  @IsBoolean()
  abandonOpenWork: boolean = false;
}

export class BeginErasureDto {
  @ApiProperty({
    pattern: '^[0-9a-f]{64}$',
    description: 'The digest in the last line of the last export: SHA-256 over every line before it, in hex.',
  })
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be a SHA-256 digest in lower-case hex' })
  exportDigest!: string;
}

export class OffboardingDto {
  @ApiProperty({ enum: states }) state!: TenantState;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) since!: Date | null;
  @ApiProperty({ nullable: true, type: String, description: 'SHA-256 of the last export, in hex.' })
  exportDigest!: string | null;
  @ApiProperty({
    nullable: true,
    type: String,
    example: '1.42',
    description: 'The revision that the last export was taken at.',
  })
  exportRevision!: string | null;
  @ApiProperty({ enum: nextSteps, description: 'What an administrator does next.' }) next!: NextStep;
}
