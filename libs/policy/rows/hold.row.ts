import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SubjectRef } from '#kernel';
import type { HoldBasis } from '../domain/hold.js';

@Entity({ name: 'holds' })
export class HoldRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'holds_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'holds_pk' })
  id!: string;

  @Column({ type: 'text' })
  basis!: HoldBasis;

  @Column({ type: 'text' })
  matter!: string;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'subject_refs', type: 'uuid', array: true })
  subjectRefs!: readonly SubjectRef[];

  @Column({ type: 'text', array: true })
  stores!: readonly string[];

  @Column({ type: 'text', array: true })
  datasets!: readonly string[];

  @Column({ type: 'text', array: true })
  categories!: readonly string[];

  @Column({ type: 'text', array: true })
  purposes!: readonly string[];

  @Column({ name: 'collected_from', type: 'timestamptz', nullable: true })
  collectedFrom!: Date | null;

  @Column({ name: 'collected_until', type: 'timestamptz', nullable: true })
  collectedUntil!: Date | null;

  @Column({ name: 'placed_by', type: 'text' })
  placedBy!: string;

  @Column({ type: 'timestamptz' })
  since!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  until!: Date | null;

  @Column({ name: 'lifted_by', type: 'text', nullable: true })
  liftedBy!: string | null;

  @Column({ name: 'lifted_at', type: 'timestamptz', nullable: true })
  liftedAt!: Date | null;

  @Column({ name: 'lift_reason', type: 'text', nullable: true })
  liftReason!: string | null;

  /** When a worker noted that its time was up. */
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;
}
