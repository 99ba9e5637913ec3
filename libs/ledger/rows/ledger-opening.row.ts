import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'ledger_openings' })
@Index('ledger_openings_subject_ix', ['tenantId', 'subjectRef'])
export class LedgerOpeningRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'ledger_openings_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'ledger_openings_pk' })
  number!: string;

  @Column({ type: 'bytea' })
  salt!: Buffer;

  @Column({ name: 'subject_ref', type: 'uuid' })
  subjectRef!: string;
}
