import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsDefined, ValidateNested } from 'class-validator';
import { IdentifierDto } from '../http/identifier.dto.js';

export class RegisterSubjectDto {
  @ApiProperty({ type: IdentifierDto })
  @IsDefined()
  @ValidateNested()
  @Type(() => IdentifierDto)
  subject!: IdentifierDto;
}

export class RegisteredSubjectDto {
  @ApiProperty({ format: 'uuid', description: "The subject's pseudonym." }) subjectRef!: string;
}

export class GuardDto {
  @ApiProperty({
    type: [IdentifierDto],
    maxItems: 10_000,
    description: 'The people that signals about to be written are about.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  @ValidateNested({ each: true })
  @Type(() => IdentifierDto)
  subjects!: IdentifierDto[];
}

export class GuardedDto {
  @ApiProperty({
    type: [Boolean],
    description: 'In the order asked: true when signals of this person may be written.',
  })
  allowed!: readonly boolean[];
}
