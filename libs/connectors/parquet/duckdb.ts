import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { DependencyError, type DependencyCode } from '#kernel';
import type { ParquetSettings } from './settings.js';

export type Row = readonly unknown[];

/** Parameters of a statement with their types. */
export interface Bound {
  readonly values: DuckDBValue[];
  readonly types: DuckDBType[];
}

/** One piece of work on a connection of its own; temporary tables end with it. */
export interface Session {
  rows(sql: string, bound?: Bound): Promise<readonly Row[]>;
  pages(sql: string): AsyncGenerator<readonly Row[]>;
}

/** One DuckDB in memory, which may touch the store's folder and nothing else. */
export class Database {
  private constructor(private readonly instance: DuckDBInstance) {}

  static async open(settings: ParquetSettings): Promise<Database> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${settings.memoryLimitMegabytes}MB`,
      threads: String(settings.threads),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // A read-back is evidence of what the files hold now, so nothing of them is answered from memory.
      enable_external_file_cache: 'false',
      // What does not fit into memory stays in the same place, under the same protection, as what it came from.
      temp_directory: join(settings.folder, '.lethe-spill'),
    });
    const database = new Database(instance);
    await database.session(new AbortController().signal, async (session) => {
      await session.rows(`set allowed_directories = [${quoteText(`${settings.folder}/`)}]`);
      await session.rows('set enable_external_access = false');
      await session.rows('set lock_configuration = true');
    });
    return database;
  }

  async session<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const { session, close } = await this.connect(signal);
    try {
      return await work(session);
    } finally {
      close();
    }
  }

  /** For work that outlives a call; whoever asks must close it. */
  async connect(signal: AbortSignal): Promise<{ readonly session: Session; readonly close: () => void }> {
    const connection = await this.instance.connect();
    const stop = () => {
      connection.interrupt();
    };
    signal.addEventListener('abort', stop, { once: true });
    return {
      session: {
        rows: (sql, bound) => guarded(signal, () => readAll(connection, sql, bound)),
        pages: (sql) => pages(connection, sql, signal),
      },
      close: () => {
        signal.removeEventListener('abort', stop);
        connection.closeSync();
      },
    };
  }

  close(): void {
    this.instance.closeSync();
  }
}

/** A text as an SQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function readAll(connection: DuckDBConnection, sql: string, bound?: Bound): Promise<readonly Row[]> {
  const reader =
    bound === undefined
      ? await connection.runAndReadAll(sql)
      : await connection.runAndReadAll(sql, bound.values, bound.types);
  return reader.getRowsJS();
}

async function* pages(
  connection: DuckDBConnection,
  sql: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const result = await guarded(signal, () => connection.stream(sql));
  for (;;) {
    const chunk = await guarded(signal, () => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getRows();
  }
}

async function guarded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  assertRunning(signal);
  try {
    return await work();
  } catch (error) {
    assertRunning(signal);
    throw refused(error);
  }
}

function assertRunning(signal: AbortSignal): void {
  if (signal.aborted) throw new DependencyError('timeout', 'the call was aborted');
}

/** DuckDB's messages quote values and paths; only the class of the error is passed on, without the cause. */
function refused(error: unknown): DependencyError {
  const kind =
    /^([A-Za-z][A-Za-z -]{2,40}) Error/.exec(error instanceof Error ? error.message : '')?.[1] ?? 'unknown';
  const codes = new Map<string, DependencyCode>([
    ['Out of Memory', 'quota_exhausted'],
    ['IO', 'unreachable'],
    ['Permission', 'unauthorized'],
    ['Binder', 'invalid_config'],
    ['Catalog', 'invalid_config'],
  ]);
  return new DependencyError(
    codes.get(kind) ?? 'unexpected_response',
    `DuckDB could not run a statement (${kind})`,
  );
}
