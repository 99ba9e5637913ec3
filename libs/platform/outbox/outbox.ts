import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject } from '#kernel';

/** A bell to ring once the transaction has committed. The payload carries ids only. */
export interface Bell {
  readonly kind: string;
  readonly payload: JsonObject;
}

/**
 * The transactional outbox: a bell is written in the transaction of the change that needs it, and the relay puts it in
 * the queue after the commit, at least once. Losing a bell costs latency only: the rows know what is due.
 */
@Injectable()
export class Outbox {
  async add(tx: EntityManager, bells: readonly Bell[]): Promise<void> {
    if (bells.length === 0) return;
    const once = distinct(bells);
    await tx.query('insert into outbox (kind, payload) select * from unnest($1::text[], $2::jsonb[])', [
      once.map((bell) => bell.kind),
      once.map((bell) => JSON.stringify(bell.payload)),
    ]);
  }
}

/** A bell rung once is heard as well as one rung a hundred times: the rows say how much work there is. */
export function distinct(bells: readonly Bell[]): readonly Bell[] {
  const seen = new Map<string, Bell>();
  for (const { kind, payload } of bells) seen.set(`${kind} ${JSON.stringify(payload)}`, { kind, payload });
  return [...seen.values()];
}
