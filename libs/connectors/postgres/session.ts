import { Client, Pool, type PoolClient } from 'pg';
import { DependencyError } from '#kernel';
import { blamesRows, translate } from './errors.js';

const connectWithinMilliseconds = 10_000;
/** A statement that outlives this is ended by the server, should our own abort not reach it. */
const statementTimeoutMilliseconds = 600_000;
/** A server that is gone without a word, or behind a network that drops everything, ends nothing. */
const answerWithinMilliseconds = statementTimeoutMilliseconds + 10_000;

export type Row = readonly unknown[];

/** Thrown for a fault of rows rather than of the store; the call may try again with fewer people. */
export class RowsRefused extends DependencyError {}

/** One connection, used by one statement at a time. */
export class Session {
  private readonly pool: Pool;

  constructor(
    private readonly url: string,
    answerWithin = answerWithinMilliseconds,
  ) {
    this.pool = new Pool({
      connectionString: url,
      max: 1,
      application_name: 'lethe',
      connectionTimeoutMillis: connectWithinMilliseconds,
      statement_timeout: statementTimeoutMilliseconds,
      query_timeout: answerWithin,
      // Row-level security would hide rows from us without a word; with this, PostgreSQL refuses instead.
      options: '-c row_security=off -c timezone=UTC',
    });
    // A connection that breaks while idle is replaced at the next statement, which reports it if it cannot be.
    this.pool.on('error', () => undefined);
  }

  /** Runs one statement; when the signal fires, the server is told to cancel it. */
  async rows(signal: AbortSignal, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.run(signal, text, values)).rows;
  }

  /** As `rows`, for statements of which only the number of affected rows matters. */
  async affected(signal: AbortSignal, text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.run(signal, text, values)).affected;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async run(signal: AbortSignal, text: string, values: readonly unknown[]) {
    assertRunning(signal);
    const client = await this.checkOut();
    let broken = false;
    const stop = () => {
      broken = true;
      void this.cancel(client);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      const result = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' });
      return { rows: result.rows, affected: result.rowCount ?? 0 };
    } catch (error) {
      assertRunning(signal);
      const translated = translate(error);
      if (blamesRows(error)) throw new RowsRefused(translated.code, translated.message);
      broken = translated.code === 'unreachable';
      throw translated;
    } finally {
      signal.removeEventListener('abort', stop);
      client.release(broken);
    }
  }

  private async checkOut(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw translate(error);
    }
  }

  /** Over another connection, as PostgreSQL has it. The connection is given up afterwards, cancelled or not. */
  private async cancel(busy: PoolClient): Promise<void> {
    const pid = 'processID' in busy ? busy.processID : undefined;
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: connectWithinMilliseconds,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select pg_catalog.pg_cancel_backend($1)', [pid]);
    } catch {
      // The server's own statement timeout ends it.
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function assertRunning(signal: AbortSignal): void {
  if (signal.aborted) throw new DependencyError('timeout', 'the call was aborted');
}
