import { pipeline } from 'node:stream/promises';
import { DomainError } from '#kernel';
import type { Output } from '../output.js';
import { BrokenOff, type BulkApi } from './bulk-api.js';
import { bytes, number } from './numbers.js';
import { exportProgress, silent } from './progress.js';
import { replaceFile, type Write } from './replace-file.js';
import { formatOf, unknownFormat, type RowFormat } from './row-format.js';
import { rowsAs, type Tally } from './rows-as.js';

export interface ExportOptions {
  /** `-`: standard output. */
  readonly file: string;
  readonly format?: RowFormat;
}

/** `lethe consents export`: exit code 0 once everything is written. A file is replaced then, and not before. */
export async function runExport(
  api: BulkApi,
  { file, format: said }: ExportOptions,
  output: Output,
  interrupted: Promise<void>,
): Promise<number> {
  const format = formatOf(file, said) ?? (file === '-' ? 'ndjson' : undefined);
  if (format === undefined) throw unknownFormat(file);
  const write = await openTarget(file, output);
  const stopping = new AbortController();
  void interrupted.then(() => {
    stopping.abort();
  });
  const { signal } = stopping;
  const tally: Tally = { rows: 0, bytes: 0 };
  const progress = isInTheWay(file, output) ? silent : exportProgress(process.stderr);
  const rows = rowsAs(format, api.export(signal), tally, progress.show);
  try {
    await write(rows, signal);
  } catch (error) {
    throw explained(error, signal, file);
  } finally {
    progress.stop();
  }
  tell({ file, format, ...tally }, output);
  return 0;
}

async function openTarget(file: string, output: Output): Promise<Write> {
  if (file !== '-') return replaceFile(file);
  if (output.json !== undefined)
    throw refusal('export.no_file', 'standard output takes the rows: --json needs a file to export to');
  return (chunks, signal) => pipeline(chunks, process.stdout, { end: false, signal });
}

/** Rows on a terminal show how far it is themselves. */
function isInTheWay(file: string, output: Output): boolean {
  return output.json !== undefined || (file === '-' && process.stdout.isTTY);
}

/** On the stream that no row goes to. */
function tell(done: Tally & { readonly file: string; readonly format: RowFormat }, output: Output): void {
  const amount = `${number(done.rows)} rows (${bytes(done.bytes)})`;
  if (output.json !== undefined) output.json(done);
  else if (done.file === '-') process.stderr.write(`Exported ${amount}.\n`);
  else output.say(`Exported ${amount} to ${done.file}.`);
}

function explained(error: unknown, signal: AbortSignal, file: string): unknown {
  const left =
    file === '-'
      ? 'What went to standard output is not whole.'
      : `${file} is untouched. Run the same command again.`;
  if (signal.aborted) return refusal('export.broke_off', `The export was interrupted. ${left}`);
  if (error instanceof BrokenOff)
    return refusal('export.broke_off', `The export broke off: ${error.message}. ${left}`);
  if (error instanceof Error && 'syscall' in error)
    return refusal('file.unwritable', `The export cannot be written: ${error.message}. ${left}`);
  return error;
}

function refusal(code: string, sentence: string): DomainError {
  return new DomainError('conflict', code, sentence);
}
