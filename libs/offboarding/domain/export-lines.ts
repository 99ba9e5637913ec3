import { exportedTables } from './exported-tables.js';

export const exportFormat = 'lethe-tenant-export/v1';

/** The first line of an export: whose it is, of when, and what is left out of it. */
export function manifestLine(about: {
  readonly tenant: { readonly id: string; readonly slug: string; readonly name: string };
  readonly createdAt: Date;
  readonly exportedAt: Date;
  /** `<epoch>.<number>` of the last ledger entry in it. */
  readonly revision: string;
}): string {
  const leftOut = exportedTables.flatMap(({ table, without }) =>
    Object.entries(without ?? {}).map(([column, reason]) => ({ table, column, reason })),
  );
  const { tenant, createdAt, exportedAt, revision } = about;
  return JSON.stringify({
    format: exportFormat,
    tenant,
    createdAt,
    exportedAt,
    revision,
    tables: exportedTables.map(({ table }) => table),
    leftOut,
  });
}

/** A line for a row. `row` is a JSON object and `more` one member of it, both as text, so that no number loses a digit. */
export function rowLine(table: string, row: string, more?: readonly [member: string, json: string]): string {
  const whole = more === undefined ? row : `${row.slice(0, -1)}, "${more[0]}": ${more[1]}}`;
  return `{"table":"${table}","row":${whole}}`;
}

/** The last line: how many rows, and SHA-256 (hex) over every line before it, each with its newline. */
export function endLine(rows: number, digest: string): string {
  return JSON.stringify({ end: true, count: rows, sha256: digest });
}
