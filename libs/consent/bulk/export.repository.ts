import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';

/** A place in the order of (type, hash). */
export interface ExportPlace {
  readonly type: string;
  readonly hash: Buffer;
}

export interface ExportRow {
  readonly type: string;
  readonly hash: Buffer;
  readonly sealed: Buffer;
  readonly purpose: string;
  readonly action: string;
  readonly noticeVersion: string | null;
  readonly occurredAt: Date;
  readonly expiresAt: Date | null;
}

@Injectable()
export class ExportRepository {
  /** What holds for so many identifiers after a place, and where the next page begins; undefined when there is none. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    after: ExportPlace,
    most: number,
  ): Promise<{ readonly rows: readonly ExportRow[]; readonly next: ExportPlace | undefined }> {
    const people = await tx.query<ExportPlace[]>(
      `select type, hash from subject_identifiers where tenant_id = $1 and (type, hash) > ($2, $3)
        order by type, hash limit $4`,
      [tenant, after.type, after.hash, most],
    );
    const last = people.at(-1);
    if (last === undefined) return { rows: [], next: undefined };
    const rows = await tx.query<ExportRow[]>(
      `select i.type, i.hash, i.sealed, s.purpose, s.action, s.notice_version as "noticeVersion",
              s.since as "occurredAt", s.expires_at as "expiresAt"
         from subject_identifiers i
         join consent_states s on s.tenant_id = i.tenant_id and s.subject_ref = i.subject_ref
        where i.tenant_id = $1 and (i.type, i.hash) > ($2, $3) and (i.type, i.hash) <= ($4, $5)
        order by i.type, i.hash, s.purpose`,
      [tenant, after.type, after.hash, last.type, last.hash],
    );
    return { rows, next: people.length < most ? undefined : last };
  }
}
