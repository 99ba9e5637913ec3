import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { subjectRef, type SubjectRef, type TenantId } from '#kernel';
import { DisclosureRow } from './rows/disclosure.row.js';

/** One person shown to one actor, for a stated reason and a short time. */
export interface Disclosure {
  readonly id: string;
  readonly actor: string;
  readonly subjectRef: SubjectRef;
  readonly reason: string;
  readonly disclosedAt: Date;
  readonly expiresAt: Date;
}

@Injectable()
export class DisclosuresRepository {
  async insert(tx: EntityManager, tenant: TenantId, disclosure: Disclosure): Promise<void> {
    await tx.insert(DisclosureRow, { ...disclosure, tenantId: tenant });
  }

  /** A page of the disclosures that the filter lets through, by id. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    wanted: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly Disclosure[]> {
    const query = tx
      .createQueryBuilder(DisclosureRow, 'd')
      .where('d.tenantId = :tenant', { tenant })
      .andWhere(...visible.named({ tenant: 'd.tenantId', actor: 'd.actor', subjectRef: 'd.subjectRef' }))
      .orderBy('d.id')
      .take(wanted.limit);
    if (wanted.after !== undefined) query.andWhere('d.id > :after', { after: wanted.after });
    return (await query.getMany()).map(read);
  }

  /** Whom the actor may see at the moment, those disclosed last first, at most `limit`. */
  async current(
    tx: EntityManager,
    tenant: TenantId,
    actor: string,
    window: { readonly now: Date; readonly limit: number },
  ): Promise<readonly SubjectRef[]> {
    const rows = await tx.query<{ subject_ref: string }[]>(
      `select subject_ref from disclosures where tenant_id = $1 and actor = $2 and expires_at > $3
        group by subject_ref order by max(expires_at) desc, subject_ref limit $4`,
      [tenant, actor, window.now, window.limit],
    );
    return rows.map((row) => subjectRef(row.subject_ref));
  }
}

function read(row: DisclosureRow): Disclosure {
  const { id, actor, reason, disclosedAt, expiresAt } = row;
  return { id, actor, subjectRef: subjectRef(row.subjectRef), reason, disclosedAt, expiresAt };
}
