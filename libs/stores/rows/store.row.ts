import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { Level, MappedDataset } from '#connector-kit';
import type { StoreFault } from '../domain/registered-store.js';

@Entity({ name: 'stores' })
@Unique('stores_name_uq', ['tenantId', 'name'])
export class StoreRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'stores_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'stores_pk' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  type!: string;

  @Column({ name: 'lane_id', type: 'uuid' })
  laneId!: string;

  @Column({ type: 'text' })
  region!: string;

  @Column({ type: 'text' })
  level!: Level;

  @Column({ name: 'backup_horizon', type: 'text', nullable: true })
  backupHorizon!: string | null;

  @Column({ type: 'jsonb' })
  datasets!: readonly MappedDataset[];

  @Column({ name: 'sealed_settings', type: 'bytea' })
  sealedSettings!: Buffer;

  @Column({ type: 'text' })
  state!: 'unchecked' | 'ready' | 'faulty';

  @Column({ type: 'jsonb', default: [] })
  faults!: readonly StoreFault[];

  @Column({ name: 'compaction_owed', type: 'text', array: true, default: [] })
  compactionOwed!: string[];

  @Column({ name: 'compaction_due_at', type: 'timestamptz', nullable: true })
  compactionDueAt!: Date | null;

  @Column({ name: 'registered_at', type: 'timestamptz' })
  registeredAt!: Date;

  @Column({ name: 'checked_at', type: 'timestamptz', nullable: true })
  checkedAt!: Date | null;
}
