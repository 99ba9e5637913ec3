import { parse } from 'csv-parse';
import type { Readable } from 'node:stream';
import { consentRow, csvRow, type ConsentRow } from './consent-row.js';

/** A row as it was read: what it says, or what is wrong with it. Lines count from 1. */
export type ReadRow =
  | { readonly line: number; readonly row: ConsentRow }
  | { readonly line: number; readonly fault: { readonly pointer: string; readonly message: string } };

export type RowFormat = 'ndjson' | 'csv';

/** In bytes; what is longer is no row. */
const longestRow = 65_536;

/** Reads rows as they arrive, however many there are; a row that is none is answered as such, and the next is read. */
export function readRows(source: Readable, format: RowFormat): AsyncIterable<ReadRow> {
  return format === 'csv' ? readCsv(source) : readLines(source);
}

async function* readLines(source: Readable): AsyncGenerator<ReadRow, void, undefined> {
  let rest = Buffer.alloc(0);
  let line = 0;
  let skipping = false;
  for await (const chunk of source) {
    rest = Buffer.concat([rest, Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), 'utf8')]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      line += 1;
      if (!skipping) yield* readLine(rest.subarray(0, end), line);
      skipping = false;
      rest = rest.subarray(end + 1);
    }
    if (rest.length <= longestRow) continue;
    if (!skipping) yield tooLong(line + 1);
    skipping = true;
    rest = Buffer.alloc(0);
  }
  if (!skipping) yield* readLine(rest, line + 1);
}

function* readLine(bytes: Buffer, line: number): Generator<ReadRow, void, undefined> {
  if (bytes.length > longestRow) {
    yield tooLong(line);
    return;
  }
  const text = bytes.toString('utf8').trim();
  if (text === '') return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    yield { line, fault: { pointer: '', message: 'is not JSON' } };
    return;
  }
  yield checked(line, consentRow.safeParse(value));
}

async function* readCsv(source: Readable): AsyncGenerator<ReadRow, void, undefined> {
  const skipped: ReadRow[] = [];
  const parser = source.pipe(
    parse({
      bom: true,
      columns: true,
      info: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: longestRow,
      on_skip: (error) => {
        const line = typeof error?.['lines'] === 'number' ? error['lines'] : 0;
        skipped.push({
          line,
          fault: { pointer: '', message: 'is not a row with as many fields as the header' },
        });
        return undefined;
      },
    }),
  );
  for await (const read of parser) {
    yield* skipped.splice(0);
    const { info, record } = csvRow.parse(read);
    yield checked(info.lines, consentRow.safeParse(ofColumns(record)));
  }
  yield* skipped;
}

/** A row of columns as the object that it stands for; empty fields are left out. */
function ofColumns(columns: Readonly<Record<string, string>>): object {
  const given = Object.entries(columns).filter(([, value]) => value !== '');
  const { subject_type: type, subject_value: value, ...others } = Object.fromEntries(given);
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return {
    subject: { type, value: value ?? '' },
    ...Object.fromEntries(Object.entries(others).map(([name, text]) => [camel(name), text])),
  };
}

function checked(line: number, result: ReturnType<typeof consentRow.safeParse>): ReadRow {
  if (result.success) return { line, row: result.data };
  const [issue] = result.error.issues;
  const extra = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...extra];
  const message = extra.length > 0 ? 'should not exist' : (issue?.message ?? 'is not valid');
  return { line, fault: { pointer: path.map((part) => `/${String(part)}`).join(''), message } };
}

function tooLong(line: number): ReadRow {
  return { line, fault: { pointer: '', message: `is longer than ${longestRow} bytes` } };
}
