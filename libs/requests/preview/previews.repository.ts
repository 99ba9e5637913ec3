import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import type { Filter } from '#access';
import type { NamedPart } from '#enforcement';
import type { TenantId } from '#kernel';
import { RequestPreviewRow } from '../rows/request-preview.row.js';
import type { Preview } from './preview.js';

/** A preview in the hands of the worker that counts it. */
export interface ClaimedPreview {
  readonly id: string;
  readonly asOf: Date;
  readonly policyVersion: number;
  readonly sealedPeople: Buffer;
  /** Of the stores that were counted already. */
  readonly parts: readonly NamedPart[] | null;
}

@Injectable()
export class PreviewsRepository {
  async insert(tx: EntityManager, tenant: TenantId, preview: Preview, sealedPeople: Buffer): Promise<void> {
    await tx.insert(RequestPreviewRow, { ...preview, sealedPeople, tenantId: tenant });
  }

  /** When the filter lets it through, as long as it is kept. */
  async find(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    { id, now }: { readonly id: string; readonly now: Date },
  ): Promise<Preview | undefined> {
    const row = await tx
      .createQueryBuilder(RequestPreviewRow, 'p')
      .where('p.tenantId = :tenant and p.id = :id and p.expiresAt > :now', { tenant, id, now })
      .andWhere(...visible.named({ tenant: 'p.tenantId', actor: 'p.actor' }))
      .getOne();
    return row === null ? undefined : read(row);
  }

  async countCounting(tx: EntityManager, tenant: TenantId): Promise<number> {
    return tx.countBy(RequestPreviewRow, { tenantId: tenant, state: 'counting' });
  }

  /** Previews to be counted that no living worker counts; they are the caller's until then. */
  async claim(
    tx: EntityManager,
    tenant: TenantId,
    now: Date,
    until: Date,
  ): Promise<readonly ClaimedPreview[]> {
    const [rows] = await tx.query<[ClaimedPreview[], number]>(
      `update request_previews set counted_until = $3
        where tenant_id = $1 and state = 'counting' and (counted_until is null or counted_until <= $2)
        returning id, as_of as "asOf", policy_version as "policyVersion", sealed_people as "sealedPeople", parts`,
      [tenant, now, until],
    );
    return rows;
  }

  /** The worker that counts is alive. */
  async renew(tx: EntityManager, tenant: TenantId, ids: readonly string[], until: Date): Promise<void> {
    await tx.query(
      `update request_previews set counted_until = $3 where tenant_id = $1 and id = any($2::uuid[]) and state = 'counting'`,
      [tenant, ids, until],
    );
  }

  async passOn(tx: EntityManager, tenant: TenantId, id: string, parts: readonly NamedPart[]): Promise<void> {
    await tx.query(
      `update request_previews set parts = $3::jsonb, counted_until = null
        where tenant_id = $1 and id = $2 and state = 'counting'`,
      [tenant, id, JSON.stringify(parts)],
    );
  }

  /** Whom it is about is forgotten with that. Nothing where somebody else was done first. */
  async finish(
    tx: EntityManager,
    tenant: TenantId,
    id: string,
    { state, parts }: { readonly state: 'counted' | 'failed'; readonly parts: readonly NamedPart[] },
  ): Promise<void> {
    await tx.query(
      `update request_previews set state = $3, parts = $4::jsonb, sealed_people = null
        where tenant_id = $1 and id = $2 and state = 'counting'`,
      [tenant, id, state, JSON.stringify(parts)],
    );
  }

  async forgetExpired(tx: EntityManager, tenant: TenantId, now: Date): Promise<void> {
    await tx.delete(RequestPreviewRow, { tenantId: tenant, expiresAt: LessThanOrEqual(now) });
  }

  /** With previews to be counted that no living worker counts, or to be forgotten. */
  async tenantsWithWork(tx: EntityManager, now: Date): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select tenant_id from request_previews
        where state = 'counting' and (counted_until is null or counted_until <= $1)
        union select tenant_id from request_previews where expires_at <= $1`,
      [now],
    );
    return rows.map((row) => row.tenant_id);
  }
}

function read(row: RequestPreviewRow): Preview {
  const { id, state, people, asOf, policyVersion, parts, actor, expiresAt } = row;
  return {
    id,
    state,
    people,
    asOf,
    policyVersion,
    parts: state === 'counting' ? null : parts,
    actor,
    expiresAt,
  };
}
