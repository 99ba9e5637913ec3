import { ApiProperty } from '@nestjs/swagger';
import type { SubjectRef } from '#kernel';
import type { Identifier, SubjectView } from '#subjects';
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

export class SubjectDto implements SubjectView {
  @ApiProperty({ format: 'uuid', type: String, description: "The subject's pseudonym." })
  subjectRef!: SubjectRef;
  @ApiProperty({ format: 'date-time' }) registeredAt!: Date;
  @ApiProperty({
    description: 'Erased or being erased: nothing may be decided from them or written about them.',
  })
  suppressed!: boolean;
  @ApiProperty({ type: [IdentifierDto], description: 'None once erased.' })
  identifiers!: readonly Identifier[];
}
