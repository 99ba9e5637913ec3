import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What is to be done still, and what keeps it. */
export interface Backlog {
  /** Of the oldest open obligation. */
  readonly ageSeconds: number;
  /** Past their deadline. */
  readonly overdue: number;
  /** Past it within a day. */
  readonly near: number;
  readonly types: readonly {
    readonly type: string;
    readonly open: number;
    readonly ageSeconds: number;
  }[];
  /** How many stores are not worked on as usual, by reason. */
  readonly heldUp: Readonly<Record<'circuit_open' | 'circuit_half_open' | 'paused' | 'draining', number>>;
}

const near = '1 day';

/** Statements on all that is open, of whichever tenant. */
@Injectable()
export class BacklogRepository {
  async read(tx: EntityManager, now: Date): Promise<Backlog> {
    const rows = await tx.query<{ type: string; open: number; age: number; overdue: number; near: number }[]>(
      `select l.type, count(*)::int as open, extract(epoch from $1::timestamptz - min(o.planned_at))::float as age,
              count(*) filter (where o.deadline < $1)::int as overdue,
              count(*) filter (where o.deadline >= $1 and o.deadline < $1 + $2::interval)::int as near
         from obligations o join lanes l on l.id = o.lane_id
        where o.settled_at is null and o.hold_id is null and o.retained_until is null group by l.type order by l.type`,
      [now, near],
    );
    const total = (of: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + of(row), 0);
    return {
      ageSeconds: Math.max(0, ...rows.map(({ age }) => age)),
      overdue: total((row) => row.overdue),
      near: total((row) => row.near),
      types: rows.map(({ type, open, age }) => ({ type, open, ageSeconds: age })),
      heldUp: await this.heldUp(tx, now),
    };
  }

  private async heldUp(tx: EntityManager, now: Date): Promise<Backlog['heldUp']> {
    const [row] = await tx.query<Backlog['heldUp'][]>(
      `select count(*) filter (where probe_at > $1)::int as circuit_open, count(*) filter (where probe_at <= $1)::int as circuit_half_open,
              count(*) filter (where paused_at is not null and not draining)::int as paused, count(*) filter (where draining)::int as draining
         from store_controls`,
      [now],
    );
    return row ?? { circuit_open: 0, circuit_half_open: 0, paused: 0, draining: 0 };
  }
}
