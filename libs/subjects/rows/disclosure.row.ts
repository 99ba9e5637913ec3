import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'disclosures' })
export class DisclosureRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'disclosures_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'disclosures_pk' })
  id!: string;

  @Column({ type: 'text' })
  actor!: string;

  @Column({ name: 'subject_ref', type: 'uuid' })
  subjectRef!: string;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'disclosed_at', type: 'timestamptz' })
  disclosedAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;
}
