import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import type { StoredIdentifier } from './subjects.repository.js';

/** Statements on what subjects are to each other, and on how old they are. */
@Injectable()
export class RelateSubjectsRepository {
  /** Which of these subjects exist, each with who they turned out to be; locked until the end of the transaction. */
  async lock(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<ReadonlyMap<SubjectRef, { readonly suppressed: boolean; readonly merged: boolean }>> {
    const rows = await tx.query<{ ref: string; suppressed: boolean; merged: boolean }[]>(
      `select s.ref, s.merged_into is not null as merged,
              exists (select 1 from suppressions x where x.tenant_id = s.tenant_id and x.subject_ref = s.ref) as suppressed
         from subjects s where s.tenant_id = $1 and s.ref = any($2::uuid[]) order by s.ref for no key update`,
      [tenant, refs],
    );
    return new Map(rows.map(({ ref, suppressed, merged }) => [subjectRef(ref), { suppressed, merged }]));
  }

  /** All identifiers of one subject become another's, and so do its guardians and those whom it guards. */
  async merge(
    tx: EntityManager,
    tenant: TenantId,
    { from, into, at }: { readonly from: SubjectRef; readonly into: SubjectRef; readonly at: Date },
  ): Promise<void> {
    const values = [tenant, from, into];
    await tx.query(
      'update subject_identifiers set subject_ref = $3 where tenant_id = $1 and subject_ref = $2',
      values,
    );
    await tx.query(
      `insert into guardianships (tenant_id, subject_ref, guardian_ref, proof, actor, since, ended_at)
       select tenant_id, $3, guardian_ref, proof, actor, since, ended_at from guardianships
        where tenant_id = $1 and subject_ref = $2 and guardian_ref <> $3
       union all
       select tenant_id, subject_ref, $3, proof, actor, since, ended_at from guardianships
        where tenant_id = $1 and guardian_ref = $2 and subject_ref <> $3
       on conflict (tenant_id, subject_ref, guardian_ref) do nothing`,
      values,
    );
    // Of two ages the later majority is the stricter.
    await tx.query(
      `update subjects a set of_age_on = greatest(a.of_age_on, b.of_age_on), jurisdiction = coalesce(a.jurisdiction, b.jurisdiction)
         from subjects b where a.tenant_id = $1 and a.ref = $3 and b.tenant_id = $1 and b.ref = $2`,
      values,
    );
    await tx.query('update subjects set merged_into = $3, merged_at = $4 where tenant_id = $1 and ref = $2', [
      ...values,
      at,
    ]);
  }

  /** Gives identifiers of one subject to a new one; answers how many it had. */
  async split(
    tx: EntityManager,
    tenant: TenantId,
    from: SubjectRef,
    to: { readonly ref: string; readonly at: Date },
    identifiers: readonly StoredIdentifier[],
  ): Promise<number> {
    await tx.query(
      `insert into subjects (tenant_id, ref, registered_at, of_age_on, jurisdiction)
       select tenant_id, $3, $4, of_age_on, jurisdiction from subjects where tenant_id = $1 and ref = $2`,
      [tenant, from, to.ref, to.at],
    );
    const [, moved] = await tx.query<[unknown[], number]>(
      `update subject_identifiers i set subject_ref = $3
         from unnest($4::text[], $5::bytea[]) as w (type, hash)
        where i.tenant_id = $1 and i.subject_ref = $2 and i.type = w.type and i.hash = w.hash`,
      [tenant, from, to.ref, identifiers.map(({ type }) => type), identifiers.map(({ hash }) => hash)],
    );
    return moved;
  }

  async countIdentifiers(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<number> {
    const [row] = await tx.query<{ n: number }[]>(
      'select count(*)::int as n from subject_identifiers where tenant_id = $1 and subject_ref = $2',
      [tenant, ref],
    );
    return row?.n ?? 0;
  }

  async setAge(
    tx: EntityManager,
    tenant: TenantId,
    ref: SubjectRef,
    { ofAgeOn, jurisdiction }: { readonly ofAgeOn: string | null; readonly jurisdiction: string },
  ): Promise<void> {
    await tx.query(
      'update subjects set of_age_on = $3, jurisdiction = $4 where tenant_id = $1 and ref = $2',
      [tenant, ref, ofAgeOn, jurisdiction],
    );
  }

  /** Registers a guardian, or one anew whose guardianship had ended. */
  async addGuardian(
    tx: EntityManager,
    tenant: TenantId,
    subject: SubjectRef,
    guardian: SubjectRef,
    by: { readonly proof: string; readonly actor: string; readonly at: Date },
  ): Promise<void> {
    await tx.query(
      `insert into guardianships (tenant_id, subject_ref, guardian_ref, proof, actor, since) values ($1, $2, $3, $4, $5, $6)
       on conflict (tenant_id, subject_ref, guardian_ref)
       do update set proof = excluded.proof, actor = excluded.actor, since = excluded.since, ended_at = null`,
      [tenant, subject, guardian, by.proof, by.actor, by.at],
    );
  }

  /** False when there is no such guardianship in force. */
  async endGuardian(
    tx: EntityManager,
    tenant: TenantId,
    subject: SubjectRef,
    guardian: SubjectRef,
    at: Date,
  ): Promise<boolean> {
    const [, ended] = await tx.query<[unknown[], number]>(
      `update guardianships set ended_at = $4
        where tenant_id = $1 and subject_ref = $2 and guardian_ref = $3 and ended_at is null`,
      [tenant, subject, guardian, at],
    );
    return ended === 1;
  }
}
