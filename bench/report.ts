import Table from 'cli-table3';
import type { Row } from './harness.js';
import type { Machine } from './machine.js';

/** What `--json` writes: all that the figures mean anything with. */
export interface Report {
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** ISO 8601. */
  readonly at: string;
  readonly seconds: number;
  /** A quick run shows that the benchmark runs; its figures mean nothing. */
  readonly quick: boolean;
  readonly areas: Readonly<Record<string, readonly Row[]>>;
}

/** One area as a table for a person. */
export function renderTable(rows: readonly Row[]): string {
  const right = (content: string) => ({ content, hAlign: 'right' as const });
  const table = new Table({
    head: ['name', 'value', 'unit', 'floor', 'ratio', 'target', 'ok', 'spread', 'note'],
    style: { head: [], border: [] },
  });
  for (const { name, value, unit, floor, ratio, target, ok, spread, note } of rows) {
    table.push([
      name,
      right(figure(value)),
      unit,
      right(floor === null ? '' : figure(floor)),
      right(ratio === null ? '' : ratio.toFixed(2)),
      target ?? '',
      ok === null ? '' : ok ? 'yes' : 'NO',
      right(`${(spread * 100).toFixed(0)} %`),
      note,
    ]);
  }
  return table.toString();
}

/** Three significant digits; whole numbers from 100 on. */
function figure(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

export function describeRun({ machine, at, versions, seconds }: Report): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `${named.join(', ')}; ${machine.processors}, ${machine.memoryGiB} GiB, ` +
    `${machine.system}; ${at}; ${seconds.toFixed(0)} s; before it, others used ${(machine.busy * 100).toFixed(0)} % of the processors ` +
    `(load ${machine.load.join(', ')}).`
  );
}
