import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { canonicalJson, DomainError, type Json, type TenantId } from '#kernel';

/** What was asked under a key before, and what was answered. */
export interface EarlierWrite {
  readonly request: Buffer;
  readonly answer: unknown;
}

/**
 * Writes that may be sent again (the header Idempotency-Key; draft-ietf-httpapi-idempotency-key-header): what was answered is kept
 * in the transaction of the write itself, so that it is there exactly when the write is.
 */
@Injectable()
export class Idempotency {
  /** A key belongs to whoever chose it: two callers' keys never meet. */
  keyOf(actor: string, key: string): Buffer {
    return createHash('sha256').update(`${actor}\0${key}`, 'utf8').digest();
  }

  digestOf(request: object): Buffer {
    return createHash('sha256').update(canonicalJson(request)).digest();
  }

  async find(tx: EntityManager, tenant: TenantId, key: Buffer): Promise<EarlierWrite | undefined> {
    const [row] = await tx.query<EarlierWrite[]>(
      'select request, answer from idempotency_keys where tenant_id = $1 and key = $2',
      [tenant, key],
    );
    return row;
  }

  /** Two writes of one key at once: the second to commit is refused by the primary key, and finds the first when tried again. */
  async remember(
    tx: EntityManager,
    tenant: TenantId,
    at: Date,
    writes: readonly { readonly key: Buffer; readonly request: Buffer; readonly answer: Json }[],
  ): Promise<void> {
    if (writes.length === 0) return;
    await tx.query(
      `insert into idempotency_keys (tenant_id, key, request, answer, created_at)
       select $1, key, request, answer, $5 from unnest($2::bytea[], $3::bytea[], $4::jsonb[]) as w (key, request, answer)`,
      [
        tenant,
        writes.map(({ key }) => key),
        writes.map(({ request }) => request),
        writes.map(({ answer }) => JSON.stringify(answer)),
        at,
      ],
    );
  }

  /** Drops what nobody will send again; answers how many. */
  async sweep(tx: EntityManager, before: Date): Promise<number> {
    const [, count] = await tx.query<[unknown[], number]>(
      'delete from idempotency_keys where created_at < $1',
      [before],
    );
    return count;
  }
}

/** The refusal of a key that was used for something else. */
export function reusedKey(): DomainError {
  return new DomainError(
    'conflict',
    'idempotency.reused',
    'this Idempotency-Key was used before with another request: choose a new one',
  );
}
