import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

@Entity({ name: 'ledger_trees' })
@Unique('ledger_trees_origin_uq', ['origin'])
export class LedgerTreeRow {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'ledger_trees_pk' })
  tenantId!: string;

  @Column({ type: 'text' })
  origin!: string;

  @Column({ name: 'verifier_key', type: 'text' })
  verifierKey!: string;

  /** The Ed25519 private key (PKCS #8), sealed. Empty when the log has ended: it can never sign again. */
  @Column({ name: 'sealed_key', type: 'bytea' })
  sealedKey!: Buffer;

  @Column({ type: 'bigint' })
  size!: string;

  /** The size whose checkpoint is known to be in place; behind `size` after a crash, and then published again. */
  @Column({ type: 'bigint' })
  published!: string;

  @Column({ type: 'bytea' })
  root!: Buffer;

  @Column({ type: 'text', nullable: true })
  checkpoint!: string | null;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
