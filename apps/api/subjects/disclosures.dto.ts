import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Caller } from '#access';
import type { SubjectRef } from '#kernel';
import type { Disclosure } from '#subjects';
import { IdentifierDto, OnePerson } from '../http/identifier.dto.js';
import { Reason } from '../http/reason.dto.js';

export class DiscloseDto {
  @OnePerson()
  subject!: IdentifierDto;

  @Reason('Why; the tenant can read it.')
  reason!: string;
}

/** Whom it is about is left out for those who see outcomes only. */
export class DisclosureDto implements Partial<Disclosure> {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ description: 'The key or token that it was disclosed to.' }) actor!: string;
  @ApiPropertyOptional({ format: 'uuid', type: String, description: 'The pseudonym of the person.' })
  subjectRef?: SubjectRef;
  @ApiProperty() reason!: string;
  @ApiProperty({ format: 'date-time' }) disclosedAt!: Date;
  @ApiProperty({ format: 'date-time' }) expiresAt!: Date;
}

export function presentDisclosure(caller: Caller, disclosure: Disclosure): Partial<DisclosureDto> {
  const { id, actor, subjectRef, reason, disclosedAt, expiresAt } = disclosure;
  return caller.pick('Disclosure', { id, actor, subjectRef, reason, disclosedAt, expiresAt });
}
