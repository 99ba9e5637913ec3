import { Injectable } from '@nestjs/common';
import { PreparedStatements, Transactions } from '../database/index.js';
import { reach } from '../faults/index.js';
import { distinct, type Bell } from './outbox.js';

interface OutboxRow {
  readonly id: string;
  readonly kind: string;
  readonly payload: Bell['payload'];
}

const pageSize = 1_000;
const peek = { name: 'outbox.peek', text: 'select 1 from outbox limit 1' };

/** Moves committed bells into the queue. Several relays may run: each takes rows no other holds. */
@Injectable()
export class RelayOutbox {
  constructor(
    private readonly transactions: Transactions,
    private readonly prepared: PreparedStatements,
  ) {}

  /**
   * Takes one page, hands the distinct bells on, and deletes the rows once `ring` has resolved: a crash in between
   * rings twice, never not at all. Answers how many rows it moved.
   */
  async execute(ring: (bells: readonly Bell[]) => Promise<void>): Promise<number> {
    // Mostly there is nothing, and finding that out is one cheap statement.
    if ((await this.prepared.rows(peek, [])).length === 0) return 0;
    return this.transactions.run(null, async (tx) => {
      const rows = await tx.query<OutboxRow[]>(
        'select id, kind, payload from outbox order by id limit $1 for update skip locked',
        [pageSize],
      );
      if (rows.length === 0) return 0;
      await ring(distinct(rows));
      reach('outbox.rung');
      await tx.query('delete from outbox where id = any($1::bigint[])', [rows.map((row) => row.id)]);
      return rows.length;
    });
  }
}
