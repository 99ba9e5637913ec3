import { cp, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

const files = 6;

/** The host's Parquet files: one for each month, with a row of each person. */
export class Lake {
  private readonly template: string;

  private constructor(
    private readonly connection: DuckDBConnection,
    readonly folder: string,
  ) {
    this.template = `${folder}-template`;
  }

  static async create(folder: string, people: number): Promise<Lake> {
    // What the connector takes by default.
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '256MB',
      threads: '2',
      enable_external_file_cache: 'false',
    });
    const lake = new Lake(await instance.connect(), folder);
    await mkdir(join(lake.template, 'events'), { recursive: true });
    for (let month = 1; month <= files; month += 1) {
      const rows = `select n as person, 'page ' || (n * 7919 + ${month}) % 1000 as page,
        timestamp '2025-0${month}-01' + to_minutes(n % 40000) as "at" from range(${people}) each (n)`;
      const file = join(lake.template, 'events', `month-${month}.parquet`);
      await lake.connection.run(`copy (${rows}) to '${file}' (format parquet, compression zstd)`);
    }
    await lake.renew();
    return lake;
  }

  async renew(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await cp(this.template, this.folder, { recursive: true });
  }

  async countOf(people: readonly number[]): Promise<number> {
    const reader = await this.connection.runAndReadAll(
      `select count(*) from read_parquet('${this.folder}/events/*.parquet') where person in (select unnest([${people.join(', ')}]))`,
    );
    return Number(reader.getRows()[0]?.[0]);
  }

  /** The floor of a purge: every file written anew without these people, durably. */
  async deleteAll(people: readonly number[]): Promise<void> {
    await this.connection.run(
      `create or replace temp table gone as select unnest([${people.join(', ')}])::bigint as person`,
    );
    for (let month = 1; month <= files; month += 1) {
      const file = join(this.folder, 'events', `month-${month}.parquet`);
      const temporary = `${file}.new`;
      await this.connection.run(
        `copy (select * from read_parquet('${file}') where person not in (select person from gone)) to '${temporary}' (format parquet, compression zstd)`,
      );
      const handle = await open(temporary);
      await handle.sync();
      await handle.close();
      await rename(temporary, file);
    }
  }

  close(): void {
    this.connection.closeSync();
  }
}
