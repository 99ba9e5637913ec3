import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'rescans' })
export class RescanRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'rescans_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'rescans_pk' })
  id!: string;

  @Column({ name: 'store_id', type: 'uuid' })
  storeId!: string;

  @Column({ type: 'text' })
  state!: 'requested' | 'finished' | 'failed';

  /** Distinct subject keys compared; bigint comes as text. */
  @Column({ type: 'bigint', default: 0 })
  keys!: string;

  /** Keys of people who must not come back. */
  @Column({ type: 'bigint', default: 0 })
  found!: string;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;
}
