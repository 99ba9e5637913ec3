import { connect as connectLance, type Connection, type Table } from '@lancedb/lancedb';
import {
  AgeGroups,
  keysToLeave,
  readSelectors,
  type AgeGroup,
  type BeforeOptions,
  type BeforeResult,
  type CallOptions,
  type Connect,
  type Connector,
  type Dataset,
  type SchemaFault,
  type Selector,
  type SubjectResult,
} from '#connector-kit';
import { DependencyError } from '#kernel';
import { expunge } from './expunge.js';
import { before, others, portions, tenantOnly, undatedOnly } from './predicates.js';
import { assertRunning, keyedRows, Tally } from './rows.js';
import { lancedbSettings } from './settings.js';
import { assertFolder, misfits, openTable, translated } from './tables.js';

/** Rows of one delete of a sweep: each costs a commit, and a predicate as long as the list of its rows. */
const sweepPiece = 5_000;
/** Keys remembered to page them once only; beyond, a key may come again, and none is left out. */
const mostKeysRemembered = 200_000;
const keysPerPage = 1_000;

/** Tables in a folder, opened anew for every call, so that each sees the newest version. */
class LanceConnector implements Connector {
  constructor(
    private readonly folder: string,
    private readonly connection: Connection,
  ) {}

  async check(datasets: readonly Dataset[], signal: AbortSignal): Promise<readonly SchemaFault[]> {
    const faults: SchemaFault[] = [];
    for (const dataset of datasets) {
      assertRunning(signal);
      for (const message of await this.faultsOf(dataset)) faults.push({ dataset: dataset.name, message });
    }
    return faults;
  }

  async count(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const table = await this.open(dataset, options);
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
    const tally = new Tally(dataset, wanted);
    for (const { predicate } of portions(dataset, wanted)) {
      const rows = keyedRows(table.query().where(predicate), dataset, options.signal);
      for await (const batch of rows)
        batch.forEach((row) => {
          tally.add(row);
        });
    }
    return answer(tally.rows);
  }

  /** Counts, then deletes, portion by portion; a row that arrives between the two is deleted and not counted. */
  async purge(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const table = await this.open(dataset, options);
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
    const tally = new Tally(dataset, wanted);
    for (const { predicate } of portions(dataset, wanted)) {
      let rows = 0;
      for await (const batch of keyedRows(table.query().where(predicate), dataset, options.signal)) {
        batch.forEach((row) => {
          tally.add(row);
        });
        rows += batch.length;
      }
      if (rows > 0) await translated(() => table.delete(predicate));
    }
    return answer(tally.rows);
  }

  /** Reads every row's key and age, without a predicate and without an index, and compares here. */
  async verify(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const table = await this.open(dataset, options);
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
    const tally = new Tally(dataset, wanted);
    if (wanted.length === 0) return answer(tally.rows);
    for await (const batch of keyedRows(ofTenant(table, dataset), dataset, options.signal)) {
      batch.forEach((row) => {
        tally.add(row);
      });
    }
    return answer(tally.rows);
  }

  /** One version of the table is asked once for each cut-off: each of these reads the column of moments only. */
  async countAges(
    dataset: Dataset,
    cutOffs: readonly Date[],
    signal: AbortSignal,
    except?: readonly string[],
  ): Promise<readonly AgeGroup[]> {
    const rest = others(dataset, keysToLeave(dataset.subjectKey.form, except));
    const table = await this.open(dataset, { signal });
    const rows = await translated(() => table.countRows(all(dataset, rest)));
    const undated = await translated(() => table.countRows(`${undatedOnly(dataset)}${rest}`));
    const counted: number[] = [];
    for (const cutOff of cutOffs) {
      assertRunning(signal);
      counted.push(await translated(() => table.countRows(`${before(dataset, cutOff)}${rest}`)));
    }
    const ages = new AgeGroups();
    ages.add(undefined, { rows, undated, before: counted });
    return ages.groups();
  }

  /** The condition stands beside the row addresses: whatever a concurrent writer did to those, no younger row goes. */
  async purgeBefore(dataset: Dataset, cutOff: Date, options: BeforeOptions): Promise<BeforeResult> {
    const { signal, limit } = options;
    const table = await this.open(dataset, options);
    const rest = others(dataset, keysToLeave(dataset.subjectKey.form, options.except));
    const condition = `${before(dataset, cutOff)}${rest}`;
    let rows = 0;
    while (rows < limit) {
      assertRunning(signal);
      const wanted = Math.min(sweepPiece, limit - rows);
      const addresses = await addressesOf(table, condition, dataset, wanted);
      if (addresses.length === 0) return { rows };
      const predicate = `_rowid in (${addresses.join(', ')}) and ${condition}`;
      const { numDeletedRows } = await translated(() => table.delete(predicate));
      rows += numDeletedRows;
      if (addresses.length < wanted) return { rows };
      if (numDeletedRows === 0) throw new DependencyError('conflict', 'another writer moved the rows');
    }
    return { rows, cursor: 'more' };
  }

  async *keys(dataset: Dataset, signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const table = await this.open(dataset, { signal });
    const seen = new Set<string>();
    let page: string[] = [];
    for await (const batch of keyedRows(ofTenant(table, dataset), dataset, signal)) {
      for (const { key } of batch) {
        if (key === null || seen.has(key)) continue;
        if (seen.size >= mostKeysRemembered) seen.clear();
        seen.add(key);
        page.push(key);
      }
      if (page.length < keysPerPage) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async compact(datasets: readonly Dataset[], signal: AbortSignal): Promise<void> {
    const byTable = new Map(datasets.map((dataset) => [dataset.location, dataset]));
    for (const dataset of byTable.values()) {
      const table = await this.open(dataset, { signal });
      await expunge(table, { folder: this.folder, dataset, signal });
    }
  }

  close(): Promise<void> {
    this.connection.close();
    return Promise.resolve();
  }

  private async open(dataset: Dataset, { signal, onlyPurposes }: CallOptions): Promise<Table> {
    assertRunning(signal);
    if (onlyPurposes !== undefined)
      throw new DependencyError('not_supported', 'purposes by row are not supported');
    const table = await openTable(this.connection, this.folder, dataset.location);
    const [misfit] = await misfits(dataset, table);
    if (misfit !== undefined)
      throw new DependencyError('invalid_config', `dataset ${dataset.name}: ${misfit}`);
    return table;
  }

  private async faultsOf(dataset: Dataset): Promise<readonly string[]> {
    try {
      return await misfits(dataset, await openTable(this.connection, this.folder, dataset.location));
    } catch (error) {
      if (error instanceof DependencyError && error.code === 'invalid_config') return [error.message];
      throw error;
    }
  }
}

function all(dataset: Dataset, rest: string): string | undefined {
  const condition = tenantOnly(dataset);
  return condition === undefined && rest === '' ? undefined : `${condition ?? 'true'}${rest}`;
}

function ofTenant(table: Table, dataset: Dataset) {
  const condition = tenantOnly(dataset);
  return condition === undefined ? table.query() : table.query().where(condition);
}

async function addressesOf(
  table: Table,
  condition: string,
  dataset: Dataset,
  limit: number,
): Promise<readonly string[]> {
  const query = table.query().where(condition).select([dataset.subjectKey.field]).withRowId().limit(limit);
  const rows: readonly { readonly _rowid: unknown }[] = await translated(() => query.toArray());
  return rows.map(({ _rowid }) => String(_rowid));
}

/** Opens the folder. Throws DependencyError unreachable when it does not exist, invalid_config on settings that do not fit. */
export const connect: Connect = async (settings) => {
  const parsed = lancedbSettings.safeParse(settings);
  if (!parsed.success) throw new DependencyError('invalid_config', 'the settings of the store are not valid');
  const { folder } = parsed.data;
  await assertFolder(folder);
  return new LanceConnector(folder, await translated(() => connectLance(folder)));
};
