import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Issuer, IssuerKind } from '../domain/issuer.js';
import type { Algorithm, PublicKeys } from '../domain/public-keys.js';
import type { StaffRole } from '../domain/roles.js';

@Entity({ name: 'issuers' })
export class IssuerRow implements Issuer {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid', primaryKeyConstraintName: 'issuers_pk' })
  tenantId!: string;

  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'issuers_pk' })
  id!: string;

  @Column({ type: 'text' })
  kind!: IssuerKind;

  @Column({ type: 'text' })
  issuer!: string;

  @Column({ type: 'text' })
  audience!: string;

  @Column({ type: 'text', array: true })
  algorithms!: Algorithm[];

  @Column({ type: 'jsonb', nullable: true })
  jwks!: PublicKeys | null;

  @Column({ name: 'role_claim', type: 'text', nullable: true })
  roleClaim!: string | null;

  @Column({ name: 'role_map', type: 'jsonb', nullable: true })
  roleMap!: Readonly<Record<string, StaffRole>> | null;

  @Column({ name: 'identifier_type', type: 'text', nullable: true })
  identifierType!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;
}
