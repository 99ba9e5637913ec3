import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { TenantState } from '../domain/principal.js';

@Entity({ name: 'tenants' })
@Unique('tenants_slug_uq', ['slug'])
@Check('tenants_slug_ck', `slug ~ '^[a-z][a-z0-9-]{0,62}$'`)
export class TenantRow {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'tenants_pk' })
  id!: string;

  @Column({ type: 'text' })
  slug!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ type: 'text', default: 'active' })
  state!: TenantState;

  @Column({ name: 'offboarding_since', type: 'timestamptz', nullable: true })
  offboardingSince!: Date | null;

  /** SHA-256 of the export that the tenant was given last, in hex. */
  @Column({ name: 'export_digest', type: 'text', nullable: true })
  exportDigest!: string | null;

  /** The number of the last entry that this export holds; bigint comes as text. */
  @Column({ name: 'export_revision', type: 'bigint', nullable: true })
  exportRevision!: string | null;

  @Column({ name: 'offboarded_at', type: 'timestamptz', nullable: true })
  offboardedAt!: Date | null;

  /** How many rows its erasure has removed so far. */
  @Column({ name: 'erased_rows', type: 'bigint', default: 0 })
  erasedRows!: string;
}
