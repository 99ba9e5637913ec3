import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RequestState } from '../domain/settlement.js';

@Entity({ name: 'requests' })
export class RequestRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'requests_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'requests_pk' })
  id!: string;

  @Column({ name: 'batch_id', type: 'uuid', nullable: true })
  batchId!: string | null;

  @Column({ type: 'text' })
  kind!: 'deletion';

  @Column({ type: 'text' })
  state!: RequestState;

  @Column({ name: 'subject_ref', type: 'uuid' })
  subjectRef!: string;

  @Column({ name: 'as_of', type: 'timestamptz' })
  asOf!: Date;

  @Column({ type: 'timestamptz' })
  deadline!: Date;

  @Column({ name: 'policy_version', type: 'integer' })
  policyVersion!: number;

  @Column({ name: 'settled_at', type: 'timestamptz', nullable: true })
  settledAt!: Date | null;
}
