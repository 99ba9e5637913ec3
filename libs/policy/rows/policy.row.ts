import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Policy } from '../domain/policy.js';

@Entity({ name: 'policies' })
export class PolicyRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'policies_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'policies_pk' })
  version!: number;

  @Column({ type: 'jsonb' })
  document!: Policy;

  @Column({ type: 'text' })
  digest!: string;

  @Column({ name: 'applied_at', type: 'timestamptz' })
  appliedAt!: Date;
}
