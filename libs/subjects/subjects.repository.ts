import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';

/** An identifier as the tables know it: hashed for look-up, sealed for the stores. */
export interface StoredIdentifier {
  readonly type: string;
  readonly hash: Buffer;
}

/** How a subject stands. */
export interface Standing {
  readonly suppressed: boolean;
  /** From when they may consent alone, as YYYY-MM-DD; null when nobody said that they are a child. */
  readonly ofAgeOn: string | null;
  readonly jurisdiction: string | null;
  /** Who they turned out to be. */
  readonly mergedInto: SubjectRef | null;
}

/** Somebody to be registered: how they are looked up, and their identifier for the stores. */
export interface NewSubject extends StoredIdentifier {
  /** How replicas look them up. */
  readonly replicaHash: Buffer;
  readonly ref: SubjectRef;
  readonly sealed: Buffer;
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

  /** Registers those whom nobody knows yet; answers the pseudonym of each, in order. */
  async register(
    tx: EntityManager,
    tenant: TenantId,
    people: readonly NewSubject[],
    stamp: { readonly keyId: number; readonly at: Date },
  ): Promise<readonly SubjectRef[]> {
    const rows = await tx.query<{ subject_ref: string }[]>(
      'select subject_ref from register_subjects($1, $2, $3::smallint, $4, $5, $6, $7, $8)',
      [
        tenant,
        stamp.at,
        stamp.keyId,
        people.map(({ type }) => type),
        people.map(({ hash }) => hash),
        people.map(({ replicaHash }) => replicaHash),
        people.map(({ ref }) => ref),
        people.map(({ sealed }) => sealed),
      ],
    );
    return rows.map((row) => subjectRef(row.subject_ref));
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

  /** Of one subject; undefined for nobody. */
  async standing(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<Standing | undefined> {
    const [row] = await tx.query<
      {
        suppressed: boolean;
        of_age_on: string | null;
        jurisdiction: string | null;
        merged_into: string | null;
      }[]
    >(
      `select exists (select 1 from suppressions x where x.tenant_id = s.tenant_id and x.subject_ref = s.ref) as suppressed,
              s.of_age_on::text, s.jurisdiction, s.merged_into
         from subjects s where s.tenant_id = $1 and s.ref = $2`,
      [tenant, ref],
    );
    if (row === undefined) return undefined;
    const { suppressed, of_age_on: ofAgeOn, jurisdiction, merged_into: into } = row;
    return { suppressed, ofAgeOn, jurisdiction, mergedInto: into === null ? null : subjectRef(into) };
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
      `insert into suppressions (tenant_id, type, hash, replica_hash, key_id, subject_ref, as_of)
       select tenant_id, type, hash, replica_hash, key_id, subject_ref, $3
         from subject_identifiers where tenant_id = $1 and subject_ref = any($2::uuid[])
        order by type, hash
       on conflict (tenant_id, type, hash)
       do update set as_of = greatest(suppressions.as_of, excluded.as_of), subject_ref = excluded.subject_ref,
                     replica_hash = excluded.replica_hash`,
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

  /** Identifiers that no replica can look up yet, being from before there were any. */
  async unhashed(
    tx: EntityManager,
    tenant: TenantId,
    most: number,
  ): Promise<readonly (StoredIdentifier & { readonly sealed: Buffer })[]> {
    return tx.query(
      'select type, hash, sealed from subject_identifiers where tenant_id = $1 and replica_hash is null limit $2',
      [tenant, most],
    );
  }

  async setReplicaHashes(
    tx: EntityManager,
    tenant: TenantId,
    people: readonly (StoredIdentifier & { readonly replicaHash: Buffer })[],
  ): Promise<void> {
    await tx.query(
      `update subject_identifiers i set replica_hash = p.replica_hash
         from unnest($2::text[], $3::bytea[], $4::bytea[]) as p (type, hash, replica_hash)
        where i.tenant_id = $1 and i.type = p.type and i.hash = p.hash`,
      [
        tenant,
        people.map(({ type }) => type),
        people.map(({ hash }) => hash),
        people.map(({ replicaHash }) => replicaHash),
      ],
    );
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
