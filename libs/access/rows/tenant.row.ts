import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

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
}
