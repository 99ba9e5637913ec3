import type { Dataset } from '#connector-kit';
import { quoteName, quoteText, type Session } from './duckdb.js';
import type { DataFile } from './files.js';

/** Fields of a file (and of the folders it lies in) with DuckDB's names of their types. */
export type Fields = ReadonlyMap<string, string>;

const integers = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'];
const timestamps = ['TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'TIMESTAMP WITH TIME ZONE'];

/** How a file is read; `partitions` adds the fields that folders (`year=1996`) stand for, as text. */
export function reading(paths: string | readonly string[], partitions = true): string {
  const source = typeof paths === 'string' ? quoteText(paths) : `[${paths.map(quoteText).join(', ')}]`;
  const options = partitions
    ? 'hive_partitioning = true, hive_types_autocast = false'
    : 'hive_partitioning = false';
  const many = typeof paths === 'string' ? 'file_row_number = true' : 'union_by_name = true';
  return `read_parquet(${source}, ${options}, ${many})`;
}

export async function fieldsOf(
  session: Session,
  file: DataFile | string,
  partitions = true,
): Promise<Fields> {
  const path = typeof file === 'string' ? file : file.path;
  const rows = await session.rows(
    `select column_name, column_type from (describe select * from ${reading(path, partitions)})`,
  );
  return new Map(
    rows
      .map(([name, type]) => [String(name), String(type)] as const)
      .filter(([name]) => name !== 'file_row_number'),
  );
}

/** What of a dataset's description does not fit the fields of a file. */
export function misfits(dataset: Dataset, fields: Fields): readonly string[] {
  const { subjectKey, collectedAt, purposesField, tenantFilter } = dataset;
  const expected = new Map<string, readonly string[] | undefined>(
    dataset.fields.map((field) => [field, undefined]),
  );
  if (tenantFilter !== undefined) expected.set(tenantFilter.field, undefined);
  expected.set(subjectKey.field, subjectKey.form === 'integer' ? integers : ['VARCHAR']);
  expected.set(collectedAt.field, collectedAt.form === 'timestamp' ? timestamps : integers);
  if (purposesField !== undefined) expected.set(purposesField, ['VARCHAR[]']);
  return [...expected].flatMap(([field, types]) => {
    const type = fields.get(field);
    if (type === undefined) return [`a file has no field ${field}`];
    return types === undefined || types.includes(type)
      ? []
      : [`field ${field} has type ${type}, which is not of the declared form`];
  });
}

/** The time of collection as an integer in the unit that `momentForm` names. */
export function momentOf(dataset: Dataset, fields: Fields): string {
  const { field, form } = dataset.collectedAt;
  const column = `t.${quoteName(field)}`;
  if (form !== 'timestamp') return `${column}::hugeint`;
  return fields.get(field) === 'TIMESTAMP_NS'
    ? `epoch_ns(${column})::hugeint`
    : `epoch_us(${column})::hugeint * 1000`;
}
