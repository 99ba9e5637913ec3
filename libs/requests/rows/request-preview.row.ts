import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { NamedPart } from '#enforcement';
import type { PreviewState } from '../preview/preview.js';

@Entity({ name: 'request_previews' })
export class RequestPreviewRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'request_previews_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'request_previews_pk' })
  id!: string;

  @Column({ type: 'text' })
  state!: PreviewState;

  @Column({ type: 'integer' })
  people!: number;

  @Column({ name: 'as_of', type: 'timestamptz' })
  asOf!: Date;

  @Column({ name: 'policy_version', type: 'integer' })
  policyVersion!: number;

  /** Not read unless asked for. */
  @Column({ name: 'sealed_people', type: 'bytea', nullable: true, select: false })
  sealedPeople!: Buffer | null;

  @Column({ type: 'jsonb', nullable: true })
  parts!: readonly NamedPart[] | null;

  @Column({ type: 'text' })
  actor!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'counted_until', type: 'timestamptz', nullable: true })
  countedUntil!: Date | null;
}
