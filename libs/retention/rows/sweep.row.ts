import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'sweeps' })
export class SweepRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'sweeps_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'sweeps_pk' })
  id!: string;

  @Column({ name: 'run_id', type: 'uuid' })
  runId!: string;

  @Column({ type: 'text' })
  rule!: string;

  @Column({ name: 'policy_version', type: 'integer' })
  policyVersion!: number;

  @Column({ name: 'store_id', type: 'uuid' })
  storeId!: string;

  @Column({ type: 'text' })
  dataset!: string;

  @Column({ type: 'text' })
  moment!: string;

  @Column({ name: 'only_purposes', type: 'text', array: true, nullable: true })
  onlyPurposes!: readonly string[] | null;

  @Column({ name: 'cut_off', type: 'timestamptz' })
  cutOff!: Date;

  @Column({ name: 'dry_run', type: 'boolean' })
  dryRun!: boolean;

  @Column({ type: 'text' })
  state!: SweepState;

  /** Rows due when the sweep was counted; bigint comes as text. */
  @Column({ type: 'bigint', nullable: true })
  expected!: string | null;

  /** Rows it removed. */
  @Column({ type: 'bigint', nullable: true })
  effected!: string | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ name: 'hold_id', type: 'uuid', nullable: true })
  holdId!: string | null;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;
}

export type SweepState = 'requested' | 'running' | 'finished' | 'failed';
