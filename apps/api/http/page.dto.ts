import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsUUID, Max, Min } from 'class-validator';
import { Optional } from './optional.dto.js';

/** A page of a list: what comes after an id, at most so many. */
export class PageDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The id of the last item of the page before.' })
  @Optional()
  @IsUUID()
  after?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 100;
}
