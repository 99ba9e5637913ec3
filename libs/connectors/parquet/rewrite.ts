import { rm } from 'node:fs/promises';
import type { Dataset } from '#connector-kit';
import { DependencyError } from '#kernel';
import { quoteName, quoteText, type Session } from './duckdb.js';
import { remove, replace, temporaryBeside, versionOf, type DataFile } from './files.js';
import { boundOf, othersCondition, selected, tenantCondition, type Selection } from './matching.js';
import { fieldsOf, misfits, momentOf, reading, type Fields } from './schema.js';

/** Rows by place in the call. */
export type Counts = Map<number, number>;

const compressions = new Map([
  ['UNCOMPRESSED', 'uncompressed'],
  ['SNAPPY', 'snappy'],
  ['GZIP', 'gzip'],
  ['ZSTD', 'zstd'],
  ['BROTLI', 'brotli'],
  ['LZ4', 'lz4_raw'],
  ['LZ4_RAW', 'lz4_raw'],
]);

/** The fields of a file. Throws DependencyError invalid_config when the dataset's description does not fit them. */
export async function fittingFields(session: Session, dataset: Dataset, file: DataFile): Promise<Fields> {
  const fields = await fieldsOf(session, file);
  const [misfit] = misfits(dataset, fields);
  if (misfit !== undefined) throw new DependencyError('invalid_config', `dataset ${dataset.name}: ${misfit}`);
  return fields;
}

/** How many selected rows a file holds, by place in the call. */
export async function countIn(
  session: Session,
  dataset: Dataset,
  file: DataFile,
  selection: Selection,
): Promise<Counts> {
  const fields = await fittingFields(session, dataset, file);
  const rows = await session.rows(
    `select w.place, count(*) ${selected(reading(file.path), dataset, fields, selection)} group by w.place`,
  );
  return new Map(rows.map(([place, count]) => [Number(place), Number(count)]));
}

/** How many rows of a file list what, and how many of them were collected before each cut-off. */
export async function agesIn(
  session: Session,
  dataset: Dataset,
  file: DataFile,
  { cutOffs, except }: { readonly cutOffs: readonly Date[]; readonly except: boolean },
): Promise<readonly (readonly unknown[])[]> {
  const fields = await fittingFields(session, dataset, file);
  const moment = momentOf(dataset, fields);
  const { purposesField } = dataset;
  const listed = purposesField === undefined ? 'null' : `to_json(t.${quoteName(purposesField)})::varchar`;
  const counts = cutOffs.map((cutOff) => `, count(*) filter (where ${moment} < ${boundOf(dataset, cutOff)})`);
  return session.rows(
    `select ${listed}, count(*), count(*) filter (where ${moment} is null)${counts.join('')}
       from ${reading(file.path)} t where true${tenantCondition(dataset)}${othersCondition(dataset, except)} group by 1`,
  );
}

/** Takes the selected rows out of one file; leaves a file without any such row alone. */
export async function eraseIn(
  session: Session,
  target: { readonly dataset: Dataset; readonly folder: string },
  file: DataFile,
  selection: Selection,
): Promise<Counts> {
  const seen = await versionOf(file);
  const fields = await fittingFields(session, target.dataset, file);
  const rows = selected(reading(file.path), target.dataset, fields, selection);
  await session.rows(
    `create or replace temp table doomed as select t.file_row_number as row, min(w.place) as place ${rows} group by all`,
  );
  const counted = await session.rows('select place, count(*) from doomed group by place');
  const counts: Counts = new Map(counted.map(([place, count]) => [Number(place), Number(count)]));
  const doomed = sum(counts);
  if (doomed === 0) return counts;
  const kept = (await rowsIn(session, file.path)) - doomed;
  if (kept === 0) await remove(file, seen, target.folder);
  else await rewrite(session, file, seen, kept);
  return counts;
}

async function rewrite(
  session: Session,
  file: DataFile,
  seen: Awaited<ReturnType<typeof versionOf>>,
  kept: number,
): Promise<void> {
  const format = await formatOf(session, file);
  const temporary = temporaryBeside(file);
  try {
    // Without the order, DuckDB exchanges row groups, and a sorted file would lose what makes it fast to search.
    await session.rows(
      `copy (select * exclude (file_row_number) from ${reading(file.path, false)} where file_row_number not in (select row from doomed) order by file_row_number) to ${quoteText(temporary)} (${format})`,
    );
    await assertFaithful(session, file, temporary, kept);
    await replace(file, seen, temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Compression, size of row groups and key-value metadata, as the writer of the file chose them. */
async function formatOf(session: Session, { path }: DataFile): Promise<string> {
  const source = quoteText(path);
  await assertRewritable(session, source);
  const [layout] = await session.rows(
    `select mode(compression), max(row_group_num_rows) from parquet_metadata(${source})`,
  );
  const compression = compressions.get(String(layout?.[0]));
  if (compression === undefined)
    throw new DependencyError('not_supported', 'a file uses an unknown compression');
  const metadata = await session.rows(
    `select decode(key), decode(value) from parquet_kv_metadata(${source}) where key is not null and value is not null`,
  );
  const pairs = metadata.map(([key, value]) => `${quoteText(String(key))}: ${quoteText(String(value))}`);
  const options = ['format parquet', `compression ${compression}`, `row_group_size ${Number(layout?.[1])}`];
  if (pairs.length > 0) options.push(`kv_metadata {${pairs.join(', ')}}`);
  return options.join(', ');
}

/** Files with field ids belong to a table format (Iceberg and the like), whose own metadata a rewrite would belie. */
async function assertRewritable(session: Session, source: string): Promise<void> {
  const owned = await session.rows(
    `select 1 from parquet_schema(${source}) where field_id is not null limit 1`,
  );
  if (owned.length > 0) {
    throw new DependencyError(
      'not_supported',
      'the files carry field ids: the table format that owns them must erase',
    );
  }
}

/** Before a file is replaced: same fields of the same types, and every row but the doomed ones. */
async function assertFaithful(
  session: Session,
  file: DataFile,
  temporary: string,
  kept: number,
): Promise<void> {
  const before = await fieldsOf(session, file, false);
  const after = await fieldsOf(session, temporary, false);
  const names = await session.rows(`select name from parquet_schema(${quoteText(file.path)})`);
  const known = new Set(names.map(([name]) => String(name)));
  const faithful =
    JSON.stringify([...before]) === JSON.stringify([...after]) &&
    [...before.keys()].every((name) => known.has(name)) &&
    (await rowsIn(session, temporary)) === kept;
  if (!faithful)
    throw new DependencyError('not_supported', 'a file cannot be rewritten without changing more than rows');
}

async function rowsIn(session: Session, path: string): Promise<number> {
  const [row] = await session.rows(`select count(*) from ${reading(path, false)}`);
  return Number(row?.[0]);
}

export function sum(counts: Counts): number {
  return [...counts.values()].reduce((total, rows) => total + rows, 0);
}
