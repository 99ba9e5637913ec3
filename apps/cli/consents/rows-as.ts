import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import { readLines } from '#ledger';
import { countLines } from './count-lines.js';
import type { RowFormat } from './row-format.js';

/** How much there was so far. */
export interface Tally {
  rows: number;
  bytes: number;
}

const exportedRow = z.object({
  subject: z.object({ type: z.string(), value: z.string() }),
  purpose: z.string(),
  action: z.string(),
  noticeVersion: z.string().nullable(),
  occurredAt: z.string(),
  expiresAt: z.string().nullable(),
});

/** The columns of an import, in the order of the export's members. */
const columns = [
  'subject_type',
  'subject_value',
  'purpose',
  'action',
  'notice_version',
  'occurred_at',
  'expires_at',
] as const;

/** What the API exports, in a format, as it arrives; counted on the way. */
export async function* rowsAs(
  format: RowFormat,
  exported: AsyncIterable<Uint8Array>,
  tally: Tally,
  show: (rows: number, bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = format === 'csv' ? asCsv(exported, tally) : asItCame(exported, tally);
  for await (const chunk of chunks) {
    tally.bytes += chunk.byteLength;
    show(tally.rows, tally.bytes);
    yield chunk;
  }
}

async function* asItCame(
  exported: AsyncIterable<Uint8Array>,
  tally: Tally,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of exported) {
    tally.rows += countLines(chunk);
    yield chunk;
  }
}

function asCsv(exported: AsyncIterable<Uint8Array>, tally: Tally): AsyncIterable<Uint8Array> {
  const csv = stringify({ header: true, columns: [...columns] });
  // Whoever reads hears of what goes wrong.
  pipeline(records(exported, tally), csv).catch(() => undefined);
  return csv;
}

async function* records(
  exported: AsyncIterable<Uint8Array>,
  tally: Tally,
): AsyncGenerator<readonly (string | null)[], void, undefined> {
  for await (const line of readLines(exported)) {
    const { subject, purpose, action, noticeVersion, occurredAt, expiresAt } = exportedRow.parse(
      JSON.parse(line),
    );
    tally.rows += 1;
    yield [subject.type, subject.value, purpose, action, noticeVersion, occurredAt, expiresAt];
  }
}
