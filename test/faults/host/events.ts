import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { HostStore, Signal } from './signal.js';

/** Parquet files of the host's, a new one for each write; all of it was collected for recommendations. */
export class Events implements HostStore {
  readonly dataset = 'lake/events';
  readonly purposes = ['recommendations'] as const;
  private writes = 0;

  private constructor(
    private readonly folder: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  static async open(folder: string): Promise<Events> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '128MB',
      threads: '1',
      enable_external_file_cache: 'false',
    });
    return new Events(folder, instance, await instance.connect());
  }

  get dataMap(): string {
    return `
  lake:
    type: parquet
    settings: { folder: ${JSON.stringify(this.folder)}, threads: 1 }
    datasets:
      events:
        location: events
        subjectKey: { field: person, form: text, identifier: account_id }
        collectedAt: { field: at, form: epoch_milliseconds }
        purposes: [recommendations]
        derivedFrom: [rows/ratings]
        fields:
          id: { category: system.operations, rule: purge }
          person: { category: user.unique_id, rule: purge }
          at: { category: user.behavior, rule: purge }
          note: { category: user.behavior, rule: purge }
`;
  }

  setUp(): Promise<void> {
    mkdirSync(join(this.folder, 'events'), { recursive: true });
    return Promise.resolve();
  }

  /** Whole or not there: readers leave alone what begins with a full stop. */
  async write(signals: readonly Signal[]): Promise<void> {
    const number = ++this.writes;
    const part = join(this.folder, 'events', `part=${number % 3}`);
    mkdirSync(part, { recursive: true });
    const draft = join(part, `.write-${number}`);
    const values = signals.map(
      ({ id, person, at, note }) => `(${id}::bigint, '${person}', ${at.getTime()}::bigint, '${note}')`,
    );
    await this.connection.run(
      `copy (select * from (values ${values.join(',')}) as s (id, person, "at", note)) to '${draft}' (format parquet)`,
    );
    // Lethe removes folders that it has emptied, so there may be none to put it in any more.
    mkdirSync(part, { recursive: true });
    renameSync(draft, join(part, `write-${number}.parquet`));
  }

  async read(): Promise<readonly Signal[]> {
    const files = readdirSync(join(this.folder, 'events'), { recursive: true, withFileTypes: true });
    if (!files.some(({ name }) => name.endsWith('.parquet'))) return [];
    const reader = await this.connection.runAndReadAll(
      `select id, person, "at", note from read_parquet('${this.folder}/events/*/*.parquet')`,
    );
    return reader.getRows().map(([id, person, at, note]) => ({
      id: Number(id),
      person: String(person),
      at: new Date(Number(at)),
      purposes: this.purposes,
      note: String(note),
    }));
  }

  close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    return Promise.resolve();
  }
}
