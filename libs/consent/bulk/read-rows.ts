import { CsvError, parse } from 'csv-parse';
import { pipeline, type Readable } from 'node:stream';
import { DomainError } from '#kernel';
import { consentRow, csvRow, type ConsentRow } from './consent-row.js';

/** A row as it was read: what it says, or what is wrong with it. Lines count from 1. */
export type ReadRow =
  | { readonly line: number; readonly row: ConsentRow }
  | { readonly line: number; readonly fault: { readonly pointer: string; readonly message: string } };

export type RowFormat = 'ndjson' | 'csv';

/** In bytes; what is longer is no row. */
const longestRow = 65_536;

/**
 * Reads rows as they arrive, however many there are; a row that is none is answered as such, and the next is read. Throws
 * DomainError invalid `file.malformed` where it cannot be told where the next begins.
 */
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
  let last = 0;
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: longestRow,
    on_record: (read: string[], { lines }) => {
      last = lines;
      return read;
    },
  });
  // A source that breaks off ends the parser too, and whoever reads from that hears of it.
  pipeline(source, parser, () => undefined);
  let header: readonly string[] | undefined;
  try {
    for await (const read of parser) {
      const { info, record } = csvRow.parse(read);
      if (header === undefined) header = checkedHeader(record);
      else if (record.length === header.length)
        yield checked(info.lines, consentRow.safeParse(ofColumns(header, record)));
      else
        yield { line: info.lines, fault: { pointer: '', message: 'has not as many fields as the header' } };
    }
  } catch (error) {
    throw error instanceof CsvError ? malformed(`after line ${last}, ${faultOf(error)}`) : error;
  }
}

/** To go on behind a quote that is never closed would be to guess what is a row. */
function faultOf({ code }: CsvError): string {
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `a row is longer than ${longestRow} bytes, or a quote in it is not closed`;
  return code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is not closed' : 'a quote stands where none can';
}

const required = ['subject_type', 'subject_value', 'purpose', 'action'] as const;

function checkedHeader(names: readonly string[]): readonly string[] {
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) throw malformed(`the first line names no column ${missing.join(', ')}`);
  if (new Set(names).size < names.length) throw malformed('the first line names a column twice');
  return names;
}

function malformed(message: string): DomainError {
  return new DomainError('invalid', 'file.malformed', message);
}

/** A row of columns as the object that it stands for; empty fields are left out. */
function ofColumns(header: readonly string[], fields: readonly string[]): object {
  const given = header.flatMap((name, index) => {
    const field = fields[index] ?? '';
    return field === '' ? [] : [[name, field] as const];
  });
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
