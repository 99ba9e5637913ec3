import { ApiProperty } from '@nestjs/swagger';
import { IdentifierDto, OnePerson, SeveralPeople } from '../http/identifier.dto.js';

export class RegisterSubjectDto {
  @OnePerson()
  subject!: IdentifierDto;
}

export class RegisteredSubjectDto {
  @ApiProperty({ format: 'uuid', description: "The subject's pseudonym." }) subjectRef!: string;
}

export class GuardDto {
  @SeveralPeople('The people that signals about to be written are about.')
  subjects!: IdentifierDto[];
}

export class GuardedDto {
  @ApiProperty({
    type: [Boolean],
    description: 'In the order asked: true when signals of this person may be written.',
  })
  allowed!: readonly boolean[];
}
