import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Pool, type QueryResultRow } from 'pg';
import { DATABASE_URL } from './tokens.js';

/** A statement that PostgreSQL parses and plans once per connection. Names are unique in the process. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs named prepared statements outside any transaction: the hot path, one round trip each. */
@Injectable()
export class PreparedStatements implements OnModuleDestroy {
  private readonly pool: Pool;

  constructor(@Inject(DATABASE_URL) url: string) {
    this.pool = new Pool({
      connectionString: url,
      max: 4,
      connectionTimeoutMillis: 2_000,
      query_timeout: 5_000,
    });
    // An idle connection that breaks is replaced at the next query, which reports its own error.
    this.pool.on('error', () => undefined);
  }

  /** Rejects when the database does not answer in time; the caller decides what that means (a decision denies). */
  async rows<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const result = await this.pool.query<Row>({ ...statement, values: [...values] });
    return result.rows;
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.end();
  }
}
