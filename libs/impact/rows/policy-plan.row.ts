import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Policy, PolicyFile } from '#policy';
import type { CountedDataset, Findings, PlanState } from '../plan.js';

@Entity({ name: 'policy_plans' })
export class PolicyPlanRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'policy_plans_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'policy_plans_pk' })
  id!: string;

  @Column({ type: 'text' })
  state!: PlanState;

  @Column({ type: 'integer', nullable: true })
  base!: number | null;

  @Column({ type: 'jsonb' })
  document!: Policy;

  @Column({ type: 'jsonb' })
  files!: readonly PolicyFile[];

  @Column({ type: 'jsonb' })
  findings!: Findings;

  @Column({ type: 'jsonb' })
  impact!: readonly CountedDataset[];

  @Column({ type: 'text' })
  world!: string;

  @Column({ type: 'text', nullable: true })
  digest!: string | null;

  @Column({ name: 'effective_at', type: 'timestamptz', nullable: true })
  effectiveAt!: Date | null;

  @Column({ type: 'text' })
  actor!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'approved_by', type: 'text', nullable: true })
  approvedBy!: string | null;

  @Column({ name: 'approval_reason', type: 'text', nullable: true })
  approvalReason!: string | null;

  @Column({ name: 'approved_at', type: 'timestamptz', nullable: true })
  approvedAt!: Date | null;

  @Column({ type: 'integer', nullable: true })
  version!: number | null;

  @Column({ name: 'counted_until', type: 'timestamptz', nullable: true })
  countedUntil!: Date | null;
}
