import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { needsApproval, scruplesOf, type PolicyPlan } from '#impact';

class ChangedMemberDto {
  @ApiProperty() member!: string;
  @ApiPropertyOptional({ description: 'JSON; absent where the thing lacked it.' }) before?: string;
  @ApiPropertyOptional({ description: 'JSON; absent where the thing lacks it.' }) after?: string;
}

class OriginDto {
  @ApiProperty() file!: string;
  @ApiProperty() line!: number;
  @ApiPropertyOptional() pack?: string;
}

class ChangeDto {
  @ApiProperty() section!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ enum: ['added', 'removed', 'changed'] }) change!: string;
  @ApiProperty({ type: [ChangedMemberDto] }) members!: ChangedMemberDto[];
  @ApiProperty({ type: OriginDto, nullable: true }) origin!: OriginDto | null;
}

class UncoveredDto {
  @ApiProperty() store!: string;
  @ApiProperty() dataset!: string;
  @ApiProperty() field!: string;
  @ApiProperty({ type: [String], enum: ['retention', 'erasure'] }) lacks!: string[];
}

class CoverageDto {
  @ApiProperty({ description: 'How many fields are registered.' }) fields!: number;
  @ApiProperty({ type: [UncoveredDto] }) uncovered!: UncoveredDto[];
}

class FindingDto {
  @ApiProperty() store!: string;
  @ApiProperty() dataset!: string;
  @ApiPropertyOptional({ type: [String] }) fields?: string[];
  @ApiProperty({ type: [String] }) rules!: string[];
  @ApiProperty() message!: string;
}

class RuleRowsDto {
  @ApiProperty() rule!: string;
  @ApiProperty() rows!: number;
}

class ImpactDto {
  @ApiProperty() store!: string;
  @ApiProperty() dataset!: string;
  @ApiProperty({ type: [String], description: 'Rows are removed whole: all of these.' }) fields!: string[];
  @ApiProperty({ nullable: true, type: Number, description: 'All rows; null until counted.' }) rows!:
    number | null;
  @ApiProperty({ nullable: true, type: Number, description: 'Due under this policy.' }) due!: number | null;
  @ApiProperty({
    nullable: true,
    type: Number,
    description: 'Of these, due under the latest policy already.',
  })
  dueAlready!: number | null;
  @ApiProperty({ type: [RuleRowsDto] }) byRule!: RuleRowsDto[];
  @ApiProperty({
    nullable: true,
    type: Number,
    description: 'Rows without a date, which no rule ever reaches.',
  })
  undated!: number | null;
  @ApiProperty({
    nullable: true,
    type: Number,
    description: 'Rows that list a purpose unknown to this policy.',
  })
  unknownPurpose!: number | null;
  @ApiProperty({ nullable: true, type: String, description: 'Why it could not be counted.' }) error!:
    string | null;
}

class ProgressDto {
  @ApiProperty() counted!: number;
  @ApiProperty() of!: number;
}

class BreachDto {
  @ApiProperty() limit!: string;
  @ApiProperty() store!: string;
  @ApiProperty({ nullable: true, type: String }) dataset!: string | null;
  @ApiProperty() message!: string;
}

class ApprovalDto {
  @ApiProperty() needed!: boolean;
  @ApiProperty({ type: [String] }) reasons!: string[];
  @ApiProperty({ nullable: true, type: String }) by!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) at!: Date | null;
}

export class PlanDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ enum: ['counting', 'ready', 'refused', 'applied'] }) state!: string;
  @ApiProperty({ nullable: true, type: Number, description: 'The version that it became.' }) version!:
    number | null;
  @ApiProperty({
    nullable: true,
    type: Number,
    description: 'The version that it changes; it applies to no other.',
  })
  base!: number | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) effectiveAt!: Date | null;
  @ApiProperty({ format: 'date-time' }) createdAt!: Date;
  @ApiProperty({ format: 'date-time' }) expiresAt!: Date;
  @ApiProperty({ nullable: true, type: String, description: 'Of everything below; null before it is ready.' })
  digest!: string | null;
  @ApiProperty({ type: [ChangeDto] }) changes!: ChangeDto[];
  @ApiProperty({ type: [String], description: "What took the place of a pack's, as section/name." })
  replaced!: string[];
  @ApiProperty({ type: CoverageDto }) coverage!: CoverageDto;
  @ApiProperty({ type: [FindingDto], description: 'A policy with any of these does not apply.' })
  conflicts!: FindingDto[];
  @ApiProperty({ type: [FindingDto], description: 'What the policy asks for and Lethe does not do yet.' })
  unenforced!: FindingDto[];
  @ApiProperty({ type: [ImpactDto] }) impact!: ImpactDto[];
  @ApiProperty({ type: ProgressDto }) progress!: ProgressDto;
  @ApiProperty({ type: [BreachDto], description: 'Limits of the latest policy that it exceeds.' })
  breaches!: BreachDto[];
  @ApiProperty({ type: ApprovalDto }) approval!: ApprovalDto;
}

export function presentPlan(plan: PolicyPlan): PlanDto {
  const { id, state, version, base, effectiveAt, createdAt, expiresAt, digest, findings, impact } = plan;
  const { changes, replaced, fields, uncovered, conflicts, unenforced } = findings;
  const { breaches, uncounted } = scruplesOf(plan);
  return {
    id,
    state,
    version,
    base,
    effectiveAt,
    createdAt,
    expiresAt,
    digest,
    changes: changes.map((change) => ({ ...change, members: [...change.members] })),
    replaced: [...replaced],
    coverage: { fields, uncovered: uncovered.map((one) => ({ ...one, lacks: [...one.lacks] })) },
    conflicts: conflicts.map(presentFinding),
    unenforced: unenforced.map(presentFinding),
    impact: impact.map(presentImpact),
    progress: {
      counted: impact.filter(({ counted, error }) => counted !== null || error !== null).length,
      of: impact.length,
    },
    breaches: [...breaches],
    approval: {
      needed: needsApproval(plan),
      reasons: [
        ...breaches.map(
          ({ limit, store, dataset, message }) =>
            `limit ${limit}: ${store}${dataset === null ? '' : `/${dataset}`}: ${message}`,
        ),
        ...uncounted.map((name) => `${name} could not be counted: what would go is not known`),
      ],
      by: plan.approvedBy,
      at: plan.approvedAt,
    },
  };
}

function presentFinding(finding: PolicyPlan['findings']['conflicts'][number]): FindingDto {
  const { store, dataset, fields, rules, message } = finding;
  return {
    store,
    dataset,
    ...(fields === undefined ? {} : { fields: [...fields] }),
    rules: [...rules],
    message,
  };
}

const uncounted = {
  rows: null,
  due: null,
  dueAlready: null,
  byRule: [],
  undated: null,
  unknownPurpose: null,
};

function presentImpact({ store, dataset, fields, counted, error }: PolicyPlan['impact'][number]): ImpactDto {
  const of = counted === null ? uncounted : { ...counted, byRule: [...counted.byRule] };
  return { store, dataset, fields: [...fields], ...of, error };
}
