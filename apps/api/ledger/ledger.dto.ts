import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** A page of the change feed: what came after a number. */
export class FeedPageDto {
  @ApiPropertyOptional({ minimum: 0, default: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after: number = 0;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;
}

export class LedgerDto {
  @ApiProperty() origin!: string;
  @ApiProperty({
    description: 'The public key, in the C2SP form; compare it with the one that was published.',
  })
  verifierKey!: string;
  @ApiProperty({ example: '1.42' }) revision!: string;
}
