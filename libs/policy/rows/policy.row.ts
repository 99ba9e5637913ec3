import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PolicyFile } from '../domain/compose-policy.js';
import type { Policy } from '../domain/policy.js';

@Entity({ name: 'policies' })
export class PolicyRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'policies_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'policies_pk' })
  version!: number;

  @Column({ type: 'jsonb' })
  document!: Policy;

  @Column({ type: 'jsonb' })
  files!: readonly PolicyFile[];

  @Column({ type: 'text' })
  digest!: string;

  @Column({ name: 'applied_at', type: 'timestamptz' })
  appliedAt!: Date;

  @Column({ name: 'effective_at', type: 'timestamptz', nullable: true })
  effectiveAt!: Date | null;

  @Column({ type: 'text' })
  actor!: string;
}
