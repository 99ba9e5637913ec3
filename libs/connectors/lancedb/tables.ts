import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, Table } from '@lancedb/lancedb';
import type { Dataset } from '#connector-kit';
import { DependencyError } from '#kernel';

const tableName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
const integers = /^(?:Int|Uint)(?:8|16|32|64)$/;
/** Seconds are left out: a cut-off within a second could not be compared with them exactly. */
const timestamps = /^Timestamp<(?:MILLISECOND|MICROSECOND|NANOSECOND)(?:, (?:UTC|\+00:00))?>$/;

/** Opens the newest version of a table. Throws DependencyError: unreachable without the folder, invalid_config without the table. */
export async function openTable(connection: Connection, folder: string, location: string): Promise<Table> {
  if (!tableName.test(location))
    throw new DependencyError('invalid_config', 'a location is the name of a table');
  await assertFolder(folder);
  const found = await stat(tableFolder(folder, location)).catch(() => undefined);
  if (found === undefined) throw new DependencyError('invalid_config', `there is no table ${location}`);
  return translated(() => connection.openTable(location));
}

export async function assertFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new DependencyError('unreachable', 'the folder of the store cannot be reached');
}

/** What of a dataset's description does not fit the table. */
export async function misfits(dataset: Dataset, table: Table): Promise<readonly string[]> {
  const { fields } = await translated(() => table.schema());
  const found = new Map(fields.map((field) => [field.name, String(field.type)]));
  const { subjectKey, collectedAt, tenantFilter } = dataset;
  const expected = new Map<string, RegExp>(dataset.fields.map((field) => [field, /./]));
  expected.set(subjectKey.field, subjectKey.form === 'integer' ? integers : /^(?:Large)?Utf8$/);
  expected.set(collectedAt.field, collectedAt.form === 'timestamp' ? timestamps : integers);
  if (tenantFilter !== undefined) expected.set(tenantFilter.field, /^(?:Large)?Utf8$/);
  return [...expected].flatMap(([field, types]) => {
    const type = found.get(field);
    if (type === undefined || field.includes('`')) return [`the table has no field ${field}`];
    return types.test(type) ? [] : [`field ${field} has type ${type}, which is not of the declared form`];
  });
}

/**
 * The fragments that have lost rows but still hold their bytes, from the names of the deletion files
 * (`_deletions/{fragment}-{version}-{id}`, Lance table format).
 */
export async function fragmentsWithDeletions(folder: string, location: string): Promise<readonly bigint[]> {
  const names = await readdir(join(tableFolder(folder, location), '_deletions')).catch(() => []);
  const fragments = names.flatMap((name) => {
    const fragment = /^([0-9]{1,9})-/.exec(name)?.[1];
    return fragment === undefined ? [] : [BigInt(fragment)];
  });
  return [...new Set(fragments)];
}

/** LanceDB's messages quote predicates, and so people: only a code is passed on, without the cause. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    const message = error instanceof Error ? error.message : '';
    if (/conflict/i.test(message)) throw new DependencyError('conflict', 'another writer changed the table');
    if (/permission denied/i.test(message))
      throw new DependencyError('unauthorized', 'access to the table is denied');
    if (/no space left/i.test(message)) throw new DependencyError('quota_exhausted', 'the disk is full');
    throw new DependencyError('unexpected_response', 'LanceDB could not carry out an operation');
  }
}

function tableFolder(folder: string, location: string): string {
  return join(folder, `${location}.lance`);
}
