import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'ledger_entries' })
export class LedgerEntryRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'ledger_entries_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'ledger_entries_pk' })
  number!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'bytea' })
  entry!: Buffer;
}
