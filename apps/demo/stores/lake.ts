import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { Signals } from '../signals.js';
import type { HostStore } from './host-store.js';

/** The host's lake: watch events as Parquet files, a folder a year. */
export class Lake implements HostStore {
  readonly name = 'lake';
  readonly title = 'Parquet files by year';
  readonly look: string;

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    readonly folder: string,
  ) {
    this.look = `duckdb -c "select * from read_parquet('${folder}/events/*/*.parquet') limit 10"`;
  }

  static async open(folder: string): Promise<Lake> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '256MB',
      threads: '2',
      enable_external_file_cache: 'false',
    });
    return new Lake(instance, await instance.connect(), folder);
  }

  /** Writes the files; `progress` hears of rows once they are in. */
  async load(signals: Signals, progress: (rows: number) => void): Promise<void> {
    const events = join(this.folder, 'events');
    mkdirSync(this.folder, { recursive: true });
    await this.connection.run(
      'create temp table events (user_id integer, movie_id integer, rating float, collected_at bigint)',
    );
    const appender = await this.connection.createAppender('events');
    for (const { userId, movieId, rating, timestamp } of signals.ratings) {
      appender.appendInteger(userId);
      appender.appendInteger(movieId);
      appender.appendFloat(rating);
      appender.appendBigInt(BigInt(timestamp));
      appender.endRow();
    }
    appender.closeSync();
    await this.connection.run(
      `copy (select *, year(to_timestamp(collected_at)) as year from events order by year, user_id)
         to '${quoted(events)}' (format parquet, partition_by (year), compression zstd, filename_pattern 'part-{i}')`,
    );
    await this.connection.run('drop table events');
    progress(signals.ratings.length);
  }

  async rows(): Promise<number> {
    return this.count('true');
  }

  async rowsOf(people: readonly number[]): Promise<number> {
    return this.count(`user_id in (${list(people)})`);
  }

  async collectedBefore(cutOff: Date): Promise<number> {
    return this.count(`collected_at < ${cutOff.getTime() / 1_000}`);
  }

  async digestWithout(people: readonly number[], from = new Date(0)): Promise<string> {
    const reader = await this.connection.runAndReadAll(
      `select concat_ws(',', user_id, movie_id, rating, collected_at, year) as line from ${this.files()}
        where user_id not in (${list(people)}) and collected_at >= ${from.getTime() / 1_000} order by all`,
    );
    const hash = createHash('sha256');
    for (const [line] of reader.getRows()) hash.update(`${String(line)}\n`);
    return hash.digest('hex');
  }

  async writeBehindTheGuard(person: number, at: Date): Promise<void> {
    const year = at.getUTCFullYear();
    const folder = join(this.folder, 'events', `year=${year}`);
    mkdirSync(folder, { recursive: true });
    await this.connection.run(
      `copy (select ${person}::integer as user_id, 1::integer as movie_id, 5::float as rating, ${Math.floor(at.getTime() / 1_000)}::bigint as collected_at)
         to '${quoted(join(folder, 'late.parquet'))}' (format parquet)`,
    );
  }

  close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    return Promise.resolve();
  }

  private files(): string {
    return `read_parquet('${quoted(this.folder)}/events/*/*.parquet', hive_partitioning = true)`;
  }

  private async count(condition: string): Promise<number> {
    const reader = await this.connection.runAndReadAll(
      `select count(*) from ${this.files()} where ${condition}`,
    );
    return Number(reader.getRows()[0]?.[0] ?? Number.NaN);
  }
}

function quoted(path: string): string {
  return path.replaceAll("'", "''");
}

function list(people: readonly number[]): string {
  return people.length === 0 ? 'null' : people.join(',');
}
