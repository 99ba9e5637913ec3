import { escapeIdentifier } from 'pg';
import type { Dataset } from '#connector-kit';
import { DependencyError } from '#kernel';
import type { Session } from './session.js';

/** A table as PostgreSQL knows it, for one call. */
export interface Table {
  /** Quoted, with its schema. */
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
}

interface Column {
  readonly type: string;
  readonly deterministic: boolean;
}

const integers = ['int2', 'int4', 'int8'];
const texts = ['text', 'varchar', 'uuid'];
const timestamps = ['timestamp', 'timestamptz'];
const purposeLists = ['_text', '_varchar'];

const lookUp = `select c.relkind::text, a.attname::text, t.typname::text, coalesce(l.collisdeterministic, true)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_type t on t.oid = a.atttypid left join pg_catalog.pg_collation l on l.oid = a.attcollation
  where n.nspname = $1 and c.relname = $2`;

/** The table of a dataset, or what of the dataset's description does not fit it. */
export async function describeTable(
  session: Session,
  dataset: Dataset,
  signal: AbortSignal,
): Promise<{ readonly table: Table; readonly misfits: readonly string[] }> {
  const parts = dataset.location.split('.');
  const [schema, relation] =
    parts.length === 1 ? ['public', parts[0] ?? ''] : [parts[0] ?? '', parts[1] ?? ''];
  const rows = parts.length > 2 ? [] : await session.rows(signal, lookUp, [schema, relation]);
  const columns = new Map(
    rows.map(([, name, type, deterministic]) => [
      String(name),
      { type: String(type), deterministic: deterministic === true },
    ]),
  );
  const table = { name: `${escapeIdentifier(schema)}.${escapeIdentifier(relation)}`, columns };
  const kind = rows[0]?.[0];
  if (kind === undefined) return { table, misfits: [`there is no table ${dataset.location}`] };
  if (kind !== 'r' && kind !== 'p') return { table, misfits: [`${dataset.location} is not a table`] };
  return { table, misfits: misfits(dataset, columns) };
}

/** As `describeTable`, but throws DependencyError invalid_config: a dataset that does not fit is never "no rows". */
export async function fittingTable(session: Session, dataset: Dataset, signal: AbortSignal): Promise<Table> {
  const { table, misfits } = await describeTable(session, dataset, signal);
  const [misfit] = misfits;
  if (misfit !== undefined) throw new DependencyError('invalid_config', `dataset ${dataset.name}: ${misfit}`);
  return table;
}

function misfits(dataset: Dataset, columns: Table['columns']): readonly string[] {
  const { subjectKey, collectedAt, purposesField, tenantFilter } = dataset;
  const expected = new Map<string, readonly string[] | undefined>(
    dataset.fields.map((field) => [field, undefined]),
  );
  if (tenantFilter !== undefined) expected.set(tenantFilter.field, undefined);
  expected.set(subjectKey.field, subjectKey.form === 'integer' ? integers : texts);
  expected.set(collectedAt.field, collectedAt.form === 'timestamp' ? timestamps : integers);
  if (purposesField !== undefined) expected.set(purposesField, purposeLists);
  const faults = [...expected].flatMap(([field, types]) => {
    const column = columns.get(field);
    if (column === undefined) return [`the table has no column ${field}`];
    if (types === undefined || types.includes(column.type)) return [];
    return [`column ${field} has type ${column.type}, which is not of the declared form`];
  });
  // Such a collation finds "Ann" equal to "ann": asked for one person, PostgreSQL would delete another.
  if (columns.get(subjectKey.field)?.deterministic === false) {
    faults.push(`column ${subjectKey.field} has a nondeterministic collation`);
  }
  return faults;
}
