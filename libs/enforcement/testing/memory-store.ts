import {
  AgeGroups,
  keysToLeave,
  readSelectors,
  type AgeGroup,
  type BeforeOptions,
  type BeforeResult,
  type CallOptions,
  type Connector,
  type Dataset,
  type SchemaFault,
  type Selector,
  type SubjectResult,
} from '#connector-kit';
import { DependencyError } from '#kernel';
import { Script, type Verb } from './script.js';

/** A signal as the store keeps it; null stands for a row that does not say. */
export interface MemoryRow {
  readonly key: string | null;
  readonly at: Date | null;
  readonly tenant?: string;
  readonly purposes?: readonly (string | null)[] | null;
  readonly body?: string;
}

interface Table {
  readonly form: Dataset['subjectKey']['form'];
  readonly fields: Set<string>;
  rows: readonly MemoryRow[];
}

/** A store in memory with the real contract, held to the conformance suite; its script says what goes wrong, and when. */
export class MemoryStore implements Connector {
  readonly script = new Script();
  private readonly tables = new Map<string, Table>();

  create({ location, subjectKey, fields }: Dataset): void {
    this.tables.set(location, { form: subjectKey.form, fields: new Set(fields), rows: [] });
  }

  insert(location: string, rows: readonly MemoryRow[]): void {
    const table = this.tables.get(location);
    if (table === undefined) throw new TypeError(`nobody created ${location}`);
    table.rows = [...table.rows, ...rows];
  }

  read(location: string): readonly MemoryRow[] {
    return this.tables.get(location)?.rows ?? [];
  }

  drop(location: string, field?: string): void {
    if (field === undefined) this.tables.delete(location);
    else this.tables.get(location)?.fields.delete(field);
  }

  async check(datasets: readonly Dataset[]): Promise<readonly SchemaFault[]> {
    await Promise.resolve();
    return datasets.flatMap((dataset) => {
      const fault = this.faultOf(dataset);
      return fault === undefined ? [] : [{ dataset: dataset.name, message: fault }];
    });
  }

  async count(dataset: Dataset, selectors: readonly Selector[], options: CallOptions) {
    return this.find('count', dataset, selectors, options);
  }

  async verify(dataset: Dataset, selectors: readonly Selector[], options: CallOptions) {
    return this.find('verify', dataset, selectors, options);
  }

  async purge(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const subjects = selectors.map(({ subject }) => subject);
    return this.script.run({ verb: 'purge', dataset: dataset.name, subjects, signal: options.signal }, () => {
      const table = this.open(dataset, options.signal);
      const failures = this.script.failuresOf(subjects);
      const { matches, answer } = matcher(dataset, selectors, options);
      const goes = (row: MemoryRow) => {
        const index = matches(row);
        return index !== undefined && !failures.has(index) && !this.script.survives(row.key);
      };
      const rows = tally(table.rows.filter(goes), matches);
      table.rows = table.rows.filter((row) => !goes(row));
      return answer(rows, failures);
    });
  }

  async countAges(
    dataset: Dataset,
    cutOffs: readonly Date[],
    signal: AbortSignal,
    except?: readonly string[],
  ): Promise<readonly AgeGroup[]> {
    return this.script.run({ verb: 'countAges', dataset: dataset.name, subjects: [], signal }, () => {
      const ages = new AgeGroups();
      const goes = remover(dataset, except);
      for (const row of this.open(dataset, signal).rows.filter((one) => isOurs(dataset, one) && goes(one))) {
        const listed = dataset.purposesField === undefined ? undefined : (row.purposes ?? null);
        const before = cutOffs.map((cutOff) => (isBefore(dataset, row, cutOff) ? 1 : 0));
        ages.add(listed, { rows: 1, undated: row.at === null ? 1 : 0, before });
      }
      return ages.groups();
    });
  }

  async purgeBefore(dataset: Dataset, cutOff: Date, options: BeforeOptions): Promise<BeforeResult> {
    return this.script.run(
      { verb: 'purgeBefore', dataset: dataset.name, subjects: [], signal: options.signal },
      () => {
        const table = this.open(dataset, options.signal);
        const goes = remover(dataset, options.except);
        const due = table.rows.filter(
          (row) =>
            isBefore(dataset, row, cutOff) && isListed(dataset, row, options.onlyPurposes) && goes(row),
        );
        const now = new Set(due.slice(0, options.limit));
        table.rows = table.rows.filter((row) => !now.has(row));
        return due.length > now.size ? { rows: now.size, cursor: String(now.size) } : { rows: now.size };
      },
    );
  }

  async *keys(dataset: Dataset, signal: AbortSignal): AsyncIterable<readonly string[]> {
    await Promise.resolve();
    const own = this.open(dataset, signal).rows.filter((row) => isOurs(dataset, row));
    yield [...new Set(own.map(({ key }) => key))].filter((key) => key !== null);
  }

  async compact(datasets: readonly Dataset[], signal: AbortSignal): Promise<void> {
    const dataset = datasets.map(({ name }) => name).join();
    await this.script.run({ verb: 'compact', dataset, subjects: [], signal }, () => undefined);
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  private find(
    verb: Verb,
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const subjects = selectors.map(({ subject }) => subject);
    return this.script.run({ verb, dataset: dataset.name, subjects, signal: options.signal }, () => {
      const table = this.open(dataset, options.signal);
      const { matches, answer } = matcher(dataset, selectors, options);
      return answer(tally(table.rows, matches), this.script.failuresOf(subjects));
    });
  }

  private open(dataset: Dataset, signal: AbortSignal): Table {
    if (signal.aborted) throw new DependencyError('timeout', 'the call was aborted');
    const table = this.tables.get(dataset.location);
    const fault = this.faultOf(dataset);
    if (table === undefined || fault !== undefined)
      throw new DependencyError('invalid_config', fault ?? 'there is no such dataset');
    return table;
  }

  private faultOf({ location, fields, subjectKey }: Dataset): string | undefined {
    const table = this.tables.get(location);
    if (table === undefined) return 'there is no such dataset';
    const missing = fields.find((field) => !table.fields.has(field));
    if (missing !== undefined) return `there is no field ${missing}`;
    return table.form === subjectKey.form ? undefined : 'the key has another form';
  }
}

/** Which selector a row belongs to, by its index; undefined when it is to stay. */
function matcher(dataset: Dataset, selectors: readonly Selector[], { onlyPurposes }: CallOptions) {
  if (onlyPurposes !== undefined && dataset.purposesField === undefined)
    throw new DependencyError('not_supported', 'no field lists purposes');
  const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
  const byKey = new Map(wanted.map((one) => [one.key, one]));
  const matches = (row: MemoryRow): number | undefined => {
    const one = row.key === null ? undefined : byKey.get(row.key);
    if (one === undefined || !isOurs(dataset, row)) return undefined;
    if (row.at !== null && row.at > one.asOf) return undefined;
    return onlyPurposes === undefined || isOnlyFor(row, onlyPurposes) ? one.index : undefined;
  };
  return { matches, answer };
}

/** Whether a sweep that leaves people out takes a row. */
function remover({ subjectKey }: Dataset, except: readonly string[] | undefined) {
  const staying = new Set(keysToLeave(subjectKey.form, except));
  return ({ key }: MemoryRow): boolean => key === null || !staying.has(key);
}

function isOnlyFor({ purposes }: MemoryRow, only: readonly string[]): boolean {
  if (purposes === undefined || purposes === null || purposes.length === 0) return false;
  return purposes.every((purpose) => purpose !== null && only.includes(purpose));
}

/** As a sweep has it: the empty list is for rows that list nothing. */
function isListed(dataset: Dataset, row: MemoryRow, only: readonly string[] | undefined): boolean {
  if (only === undefined) return true;
  if (dataset.purposesField === undefined)
    throw new DependencyError('not_supported', 'no field lists purposes');
  return only.length === 0 ? (row.purposes ?? []).length === 0 : isOnlyFor(row, only);
}

function isOurs({ tenantFilter }: Dataset, row: MemoryRow): boolean {
  return tenantFilter === undefined || row.tenant === tenantFilter.value;
}

function isBefore(dataset: Dataset, row: MemoryRow, cutOff: Date): boolean {
  return isOurs(dataset, row) && row.at !== null && row.at < cutOff;
}

function tally(
  rows: readonly MemoryRow[],
  matches: (row: MemoryRow) => number | undefined,
): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const row of rows) {
    const index = matches(row);
    if (index !== undefined) found.set(index, (found.get(index) ?? 0) + 1);
  }
  return found;
}
