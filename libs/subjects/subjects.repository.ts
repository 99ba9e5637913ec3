import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';

/** An identifier as the tables know it: hashed for look-up, sealed for the stores. */
export interface StoredIdentifier {
  readonly type: string;
  readonly hash: Buffer;
}

interface RefRow {
  readonly ord: string;
  readonly subject_ref: string;
}

/** Statements on subjects, their identifiers and their suppressions; each serves a batch of people. */
@Injectable()
export class SubjectsRepository {
  /** The subjects of identifiers, by position; positions of unknown ones are missing. */
  async find(
    tx: EntityManager,
    tenant: TenantId,
    wanted: readonly StoredIdentifier[],
  ): Promise<Map<number, SubjectRef>> {
    return this.lookUp(tx, 'subject_identifiers', tenant, wanted);
  }

  /** The suppressed among identifiers, by position. */
  async suppressed(
    tx: EntityManager,
    tenant: TenantId,
    wanted: readonly StoredIdentifier[],
  ): Promise<Map<number, SubjectRef>> {
    return this.lookUp(tx, 'suppressions', tenant, wanted);
  }

  private async lookUp(
    tx: EntityManager,
    table: 'subject_identifiers' | 'suppressions',
    tenant: TenantId,
    wanted: readonly StoredIdentifier[],
  ): Promise<Map<number, SubjectRef>> {
    const rows = await tx.query<RefRow[]>(
      `select w.ord, t.subject_ref
         from unnest($2::text[], $3::bytea[]) with ordinality as w (type, hash, ord)
         join ${table} t on t.tenant_id = $1 and t.type = w.type and t.hash = w.hash`,
      [tenant, wanted.map(({ type }) => type), wanted.map(({ hash }) => hash)],
    );
    return new Map(rows.map((row) => [Number(row.ord) - 1, subjectRef(row.subject_ref)]));
  }

  async insert(
    tx: EntityManager,
    tenant: TenantId,
    people: readonly (StoredIdentifier & { readonly ref: string; readonly sealed: Buffer })[],
    stamp: { readonly keyId: number; readonly at: Date },
  ): Promise<void> {
    await tx.query('insert into subjects (tenant_id, ref, registered_at) select $1, unnest($2::uuid[]), $3', [
      tenant,
      people.map(({ ref }) => ref),
      stamp.at,
    ]);
    await tx.query(
      `insert into subject_identifiers (tenant_id, type, hash, key_id, subject_ref, sealed)
       select $1, p.type, p.hash, $2, p.ref, p.sealed
         from unnest($3::text[], $4::bytea[], $5::uuid[], $6::bytea[]) as p (type, hash, ref, sealed)
        order by p.type, p.hash
       on conflict (tenant_id, type, hash) do nothing`,
      [
        tenant,
        stamp.keyId,
        people.map(({ type }) => type),
        people.map(({ hash }) => hash),
        people.map(({ ref }) => ref),
        people.map(({ sealed }) => sealed),
      ],
    );
  }

  async identifiersOf(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<
    readonly { readonly subject_ref: SubjectRef; readonly type: string; readonly sealed: Buffer }[]
  > {
    return tx.query(
      'select subject_ref, type, sealed from subject_identifiers where tenant_id = $1 and subject_ref = any($2::uuid[])',
      [tenant, refs],
    );
  }

  /** One subject, when there is such a one and the filter lets them through. */
  async registration(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    ref: SubjectRef,
  ): Promise<{ readonly registeredAt: Date; readonly suppressed: boolean } | undefined> {
    const values: unknown[] = [tenant, ref];
    const where = visible.sql(
      { tenant: 's.tenant_id', subjectRef: 's.ref' },
      (value) => `$${values.push(value)}`,
    );
    const [row] = await tx.query<{ registered_at: Date; suppressed: boolean }[]>(
      `select s.registered_at,
              exists (select 1 from suppressions x where x.tenant_id = s.tenant_id and x.subject_ref = s.ref) as suppressed
         from subjects s where s.tenant_id = $1 and s.ref = $2 and ${where}`,
      values,
    );
    return row === undefined ? undefined : { registeredAt: row.registered_at, suppressed: row.suppressed };
  }

  async isRegistered(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<boolean> {
    const rows = await tx.query<unknown[]>('select 1 from subjects where tenant_id = $1 and ref = $2', [
      tenant,
      ref,
    ]);
    return rows.length > 0;
  }

  /** Every identifier of these subjects may not come back after `asOf`. A later suppression replaces an earlier one. */
  async suppress(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
    asOf: Date,
  ): Promise<void> {
    await tx.query(
      `insert into suppressions (tenant_id, type, hash, key_id, subject_ref, as_of)
       select tenant_id, type, hash, key_id, subject_ref, $3
         from subject_identifiers where tenant_id = $1 and subject_ref = any($2::uuid[])
        order by type, hash
       on conflict (tenant_id, type, hash)
       do update set as_of = greatest(suppressions.as_of, excluded.as_of), subject_ref = excluded.subject_ref`,
      [tenant, refs, asOf],
    );
  }

  /** Drops our own copies of the identifiers of erased subjects; their suppressions stay. */
  async forget(tx: EntityManager, tenant: TenantId, refs: readonly SubjectRef[]): Promise<void> {
    await tx.query('delete from subject_identifiers where tenant_id = $1 and subject_ref = any($2::uuid[])', [
      tenant,
      refs,
    ]);
  }

  /** Lifts a suppression. */
  async release(tx: EntityManager, tenant: TenantId, identifier: StoredIdentifier): Promise<void> {
    await tx.query('delete from suppressions where tenant_id = $1 and type = $2 and hash = $3', [
      tenant,
      identifier.type,
      identifier.hash,
    ]);
  }
}
