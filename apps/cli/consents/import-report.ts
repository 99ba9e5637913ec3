import Table from 'cli-table3';
import type { Paint } from '../paint.js';
import type { Counts, RejectedRow } from './bulk-api.js';
import { number } from './numbers.js';

/** Why rows were rejected: each reason with how often, and where first. */
export interface RejectionReason {
  readonly code: string;
  readonly rows: number;
  readonly firstLine: number;
  readonly message: string;
}

/** How an import ended. */
export interface ImportReport extends Counts {
  readonly file: string;
  readonly idempotencyKey: string;
  /** Whether the whole file was read, and every row of it recorded or rejected. */
  readonly done: boolean;
  readonly reasons: readonly RejectionReason[];
  /** Where the rejected rows are; null when none was. */
  readonly rejects: string | null;
}

/** Counts why rows were rejected. */
export class RejectionReasons {
  private readonly reasons = new Map<string, RejectionReason>();

  add({ line, code, pointer, message }: RejectedRow): void {
    const known = this.reasons.get(code);
    this.reasons.set(
      code,
      known === undefined
        ? { code, rows: 1, firstLine: line, message: `${pointer} ${message}`.trim() }
        : { ...known, rows: known.rows + 1 },
    );
  }

  /** The most frequent first. */
  list(): readonly RejectionReason[] {
    return [...this.reasons.values()].toSorted((a, b) => b.rows - a.rows);
  }
}

/** A report as a person reads it. */
export function renderReport(report: ImportReport, paint: Paint): readonly string[] {
  const { read, recorded, rejected, reasons, rejects } = report;
  const table = new Table({ style: { head: [], border: [] }, colAligns: ['left', 'right'] });
  table.push(
    ['rows', number(read)],
    ['recorded', paint.added(number(recorded))],
    ['rejected', rejected === 0 ? '0' : paint.removed(number(rejected))],
  );
  return [
    paint.strong(title(report)),
    table.toString(),
    ...(reasons.length === 0 ? [] : ['', paint.strong('Why rows were rejected'), reasonTable(reasons)]),
    ...(rejects === null ? [] : rejectLines(report, rejects)),
  ];
}

function title({ file, done, read, rejected }: ImportReport): string {
  if (!done) return `So far of ${file}`;
  if (read === 0) return `There is no row in ${file}.`;
  return rejected === 0
    ? `All of ${file} is recorded.`
    : `${file} is recorded, but for the rows that were rejected.`;
}

function rejectLines({ done, idempotencyKey }: ImportReport, rejects: string): readonly string[] {
  const all = `Each rejected row, with its line: ${rejects}`;
  if (!done) return [all];
  return [
    all,
    'Mend them where they stand and, within 7 days, import the file again with this: it records them, and no other row twice.',
    `  --idempotency-key ${idempotencyKey}`,
  ];
}

const widest = 60;

function reasonTable(reasons: readonly RejectionReason[]): string {
  const longest = Math.max(...reasons.map(({ message }) => message.length));
  const table = new Table({
    head: ['reason', 'rows', 'first line', 'there'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'left'],
    colWidths: [null, null, null, Math.min(longest, widest) + 2],
    wordWrap: true,
    wrapOnWordBoundary: longest <= widest,
  });
  for (const { code, rows, firstLine, message } of reasons)
    table.push([code, number(rows), number(firstLine), message]);
  return table.toString();
}
