import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'ledger_counters' })
export class LedgerCounterRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'ledger_counters_pk' })
  tenantId!: string;

  /** The number of the tenant's last entry; bigint comes as text. */
  @Column({ type: 'bigint' })
  revision!: string;

  @Column({ type: 'integer' })
  epoch!: number;

  /** Nothing is appended any more but the last entry. */
  @Column({ type: 'boolean', default: false })
  closed!: boolean;
}
