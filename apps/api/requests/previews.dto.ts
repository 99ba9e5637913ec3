import { ApiProperty } from '@nestjs/swagger';
import type { Caller } from '#access';
import { previewActions, totalsOf } from '#enforcement';
import { previewStates, type Preview } from '#requests';
import { IdentifierDto, SeveralPeople } from '../http/identifier.dto.js';

export class PreviewRequestsDto {
  @SeveralPeople('At most 1,000 people.', 1_000)
  subjects!: IdentifierDto[];
}

class PreviewPartDto {
  @ApiProperty() store!: string;
  @ApiProperty() dataset!: string;
  @ApiProperty({ enum: previewActions, description: 'What would become of their rows.' }) action!: string;
  @ApiProperty({ type: 'integer', description: 'How many people this is about.' }) people!: number;
  @ApiProperty({ type: 'integer', nullable: true, description: 'How many of them have rows there.' })
  found!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Null: not known, which is not the same as none.',
  })
  rows!: number | null;
  @ApiProperty({ description: 'False: more rows than these may be there.' }) exact!: boolean;
  @ApiProperty({ format: 'uuid', nullable: true, type: String, description: 'For those who may read holds.' })
  hold!: string | null;
  @ApiProperty({ nullable: true, type: String, description: 'On which it is held or retained.' })
  legalBasis!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) retainedUntil!: string | null;
  @ApiProperty({
    nullable: true,
    type: String,
    description: 'Why it cannot be erased, or more is held than a hold names.',
  })
  note!: string | null;
  @ApiProperty({ nullable: true, type: String, description: 'Why rows could not be counted.' })
  error!: string | null;
}

const total = { type: 'integer', nullable: true, description: 'Rows; null: not known.' } as const;

class PreviewTotalsDto {
  @ApiProperty(total) erase!: number | null;
  @ApiProperty(total) held!: number | null;
  @ApiProperty(total) retained!: number | null;
  @ApiProperty(total) unsupported!: number | null;
  @ApiProperty({ description: 'Whether just so many rows would be erased.' }) exact!: boolean;
}

export class PreviewDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ enum: previewStates, description: 'failed: rows of somebody could not be counted.' })
  state!: string;
  @ApiProperty({ type: 'integer', description: 'How many different identifiers were given.' })
  people!: number;
  @ApiProperty({ format: 'date-time', description: 'Signals collected up to this moment are counted.' })
  asOf!: Date;
  @ApiProperty({ type: 'integer' }) policyVersion!: number;
  @ApiProperty({ format: 'date-time' }) expiresAt!: Date;
  @ApiProperty({ type: [PreviewPartDto], nullable: true, description: 'Null until they were counted.' })
  parts!: PreviewPartDto[] | null;
  @ApiProperty({ type: PreviewTotalsDto, nullable: true }) totals!: PreviewTotalsDto | null;
}

/** Which hold it is, only those see who may read holds. */
export function presentPreview(caller: Caller, preview: Preview): PreviewDto {
  const { id, state, people, asOf, policyVersion, expiresAt, parts } = preview;
  const seesHolds = caller.mayEver('read', 'Hold');
  return {
    id,
    state,
    people,
    asOf,
    policyVersion,
    expiresAt,
    parts:
      parts?.map(({ basis, hold, ...rest }) => ({
        ...rest,
        hold: seesHolds ? hold : null,
        legalBasis: basis,
      })) ?? null,
    totals: parts === null ? null : totalsOf(parts),
  };
}
