import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BreakGlassGrant, BreakGlassRole } from '../domain/break-glass.js';

@Entity({ name: 'break_glass' })
export class BreakGlassRow implements BreakGlassGrant {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'break_glass_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'break_glass_pk' })
  id!: string;

  @Column({ type: 'text' })
  role!: BreakGlassRole;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ type: 'integer' })
  minutes!: number;

  @Column({ name: 'requested_by', type: 'uuid' })
  requestedBy!: string;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  @Column({ name: 'approved_by', type: 'uuid', nullable: true })
  approvedBy!: string | null;

  @Column({ name: 'approved_at', type: 'timestamptz', nullable: true })
  approvedAt!: Date | null;

  @Column({ name: 'ends_at', type: 'timestamptz', nullable: true })
  endsAt!: Date | null;

  @Column({ name: 'ended_by', type: 'text', nullable: true })
  endedBy!: string | null;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;

  /** Operations it was used for. */
  @Column({ type: 'integer', default: 0 })
  uses!: number;
}
