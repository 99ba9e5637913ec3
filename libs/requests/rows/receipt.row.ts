import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JsonObject } from '#kernel';

@Entity({ name: 'receipts' })
export class ReceiptRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'receipts_pk' })
  tenantId!: string;

  @PrimaryColumn({ name: 'request_id', type: 'uuid', primaryKeyConstraintName: 'receipts_pk' })
  requestId!: string;

  @Column({ type: 'jsonb' })
  document!: JsonObject;

  /** The number of the entry that carries the document's digest; bigint comes as text. */
  @PrimaryColumn({ type: 'bigint', primaryKeyConstraintName: 'receipts_pk' })
  number!: string;

  @Column({ name: 'issued_at', type: 'timestamptz' })
  issuedAt!: Date;
}
