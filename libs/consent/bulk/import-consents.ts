import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { DomainError } from '#kernel';
import { RecordConsent } from '../record-consent.js';
import { readRows, type ReadRow, type RowFormat } from './read-rows.js';

/** How far an import has come. */
export interface ImportProgress {
  readonly read: number;
  readonly recorded: number;
  readonly rejected: number;
}

/** A row that was not recorded, and why. It names nobody: the line says whom it is about. */
export interface RejectedRow {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly pointer: string;
}

export type ImportNews = { readonly rejected: RejectedRow } | { readonly progress: ImportProgress };

const chunkSize = 500;

/** Records what a file says, row by row, each judged for itself; tells of every row that was not recorded. */
@Injectable()
export class ImportConsents {
  constructor(private readonly recordConsent: RecordConsent) {}

  /**
   * The file is read as it arrives, and no faster than rows are recorded. With a key, each row may be sent again under it and
   * its line: so an import that broke off is sent again whole. Throws DomainError `file.malformed`, and as the database does
   * when that is gone.
   */
  async *execute(
    caller: Caller,
    source: Readable,
    format: RowFormat,
    key: string | undefined,
  ): AsyncGenerator<ImportNews, ImportProgress, undefined> {
    caller.must('create', 'ConsentFile', {});
    const progress = { read: 0, recorded: 0, rejected: 0 };
    for await (const chunk of chunks(readRows(source, format))) {
      const rejected = await this.record(caller, chunk, key);
      progress.read += chunk.length;
      progress.rejected += rejected.length;
      progress.recorded = progress.read - progress.rejected;
      for (const row of rejected) yield { rejected: row };
      yield { progress: { ...progress } };
    }
    return progress;
  }

  private async record(
    caller: Caller,
    chunk: readonly ReadRow[],
    key: string | undefined,
  ): Promise<readonly RejectedRow[]> {
    const good = chunk.flatMap((read) => ('row' in read ? [read] : []));
    const outcomes = await this.recordConsent.many(
      caller,
      good.map(({ line, row }) => ({
        input: { ...row, actor: { kind: 'import' as const } },
        idempotencyKey: key === undefined ? undefined : `${key}/${line}`,
      })),
    );
    const refused = good.flatMap(({ line }, index): RejectedRow[] => {
      const outcome = outcomes[index];
      if (!(outcome instanceof DomainError)) return [];
      return [{ line, code: outcome.code, message: outcome.message, pointer: outcome.pointer ?? '' }];
    });
    const unread = chunk.flatMap((read): RejectedRow[] =>
      'fault' in read ? [{ line: read.line, code: 'row.invalid', ...read.fault }] : [],
    );
    return [...refused, ...unread].toSorted((a, b) => a.line - b.line);
  }
}

async function* chunks(rows: AsyncIterable<ReadRow>): AsyncGenerator<readonly ReadRow[], void, undefined> {
  let chunk: ReadRow[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
