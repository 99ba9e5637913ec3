import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** A YAML document: as JSON `{ "document": "..." }`, or as the body itself with content-type application/yaml. */
export class DocumentDto {
  @ApiProperty({ description: 'The document, YAML or JSON.', maxLength: 1_048_576 })
  @IsString()
  @MaxLength(1_048_576)
  document!: string;
}
