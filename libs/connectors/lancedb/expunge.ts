import { Index, type Table } from '@lancedb/lancedb';
import type { Dataset } from '#connector-kit';
import { DependencyError } from '#kernel';
import { quoteName } from './predicates.js';
import { assertRunning } from './rows.js';
import { fragmentsWithDeletions, translated } from './tables.js';

interface Place {
  readonly folder: string;
  readonly dataset: Dataset;
  readonly signal: AbortSignal;
}

interface BuiltIndex {
  readonly name: string;
  /** Of this build of the index: another one after every merge. */
  readonly id: string;
  readonly type: string;
  readonly columns: readonly string[];
}

/** A row's address is its fragment in the upper 32 bits and its place there in the lower. */
const fragmentShift = 32n;

/**
 * Removes what deletes leave in the files of a table: rows behind a deletion mask, keys in indexes, predicates in
 * transaction files, and all of it in old versions.
 *
 * LanceDB's own compaction rewrites a fragment only when a tenth of it is gone. An update that sets the key to itself
 * rewrites the rest of a fragment at once, under the usual conflict check with other writers; it also gives every index
 * something to merge, and a merge leaves out keys whose rows are gone. It is a commit by itself, so that the delete's
 * transaction is not the newest, which no clean-up removes.
 */
export async function expunge(table: Table, place: Place): Promise<void> {
  const { signal, folder, dataset } = place;
  const before = await indexes(table);
  const fragments = await fragmentsWithDeletions(folder, dataset.location);
  const field = dataset.subjectKey.field;
  const where = fragments.length > 0 ? fragments.map(ofFragment).join(' or ') : await anyRow(table, dataset);
  assertRunning(signal);
  await translated(() => table.update({ where, valuesSql: { [field]: quoteName(field) } }));
  await mergeAndCleanUp(table, signal);
  const after = new Set((await indexes(table)).map(({ id }) => id));
  const stale = before.filter(({ id }) => after.has(id));
  if (stale.length === 0) return;
  for (const index of stale) await recreate(table, index);
  await mergeAndCleanUp(table, signal);
}

/** The first pass merges the indexes, after it has cleaned up; the second removes what they replaced. */
async function mergeAndCleanUp(table: Table, signal: AbortSignal): Promise<void> {
  for (let pass = 1; pass <= 2; pass += 1) {
    assertRunning(signal);
    await translated(() => table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: false }));
  }
}

async function indexes(table: Table): Promise<readonly BuiltIndex[]> {
  const found = await translated(() => table.listIndices());
  return found.map(({ name, indexUuid, indexType, columns }) => ({
    name,
    id: indexUuid ?? '',
    type: indexType,
    columns,
  }));
}

/** An index that merges nothing, because no row is left, is made anew. Others than these have settings that we do not know. */
async function recreate(table: Table, { name, type, columns }: BuiltIndex): Promise<void> {
  const plain = new Map([
    ['BTree', () => Index.btree()],
    ['Bitmap', () => Index.bitmap()],
    ['LabelList', () => Index.labelList()],
  ]);
  const config = plain.get(type)?.();
  const [column] = columns;
  if (config === undefined || column === undefined || columns.length > 1) {
    throw new DependencyError(
      'not_supported',
      `index ${name} keeps removed entries: it must be created anew`,
    );
  }
  await translated(() => table.createIndex(column, { config, name, replace: true }));
}

function ofFragment(fragment: bigint): string {
  const first = fragment << fragmentShift;
  return `(_rowid >= ${String(first)} and _rowid < ${String(first + (1n << fragmentShift))})`;
}

/** One row is enough to make every index merge; without any row, the update only commits. */
async function anyRow(table: Table, { subjectKey }: Dataset): Promise<string> {
  const query = table.query().select([subjectKey.field]).withRowId().limit(1);
  const rows: readonly { readonly _rowid: unknown }[] = await translated(() => query.toArray());
  return rows.map(({ _rowid }) => `_rowid = ${String(_rowid)}`).join('') || 'false';
}
