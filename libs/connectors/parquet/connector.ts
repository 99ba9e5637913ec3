import {
  AgeGroups,
  listFromJson,
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
import { Database, quoteName, type Session } from './duckdb.js';
import { dataFiles, datasetFolder, removeLeftovers, type DataFile } from './files.js';
import {
  listingCondition,
  loadStaying,
  loadWanted,
  purposesCondition,
  tenantCondition,
  type Selection,
} from './matching.js';
import { agesIn, countIn, eraseIn, fittingFields, sum, type Counts } from './rewrite.js';
import { fieldsOf, misfits, momentOf, reading, type Fields } from './schema.js';
import { parquetSettings } from './settings.js';

interface Opened {
  readonly session: Session;
  readonly folder: string;
  readonly files: readonly DataFile[];
}

/** A folder of Parquet files; every verb looks at the files as they are then, and caches nothing between calls. */
class ParquetConnector implements Connector {
  constructor(
    private readonly root: string,
    private readonly database: Database,
  ) {}

  async check(datasets: readonly Dataset[], signal: AbortSignal): Promise<readonly SchemaFault[]> {
    const faults: SchemaFault[] = [];
    for (const dataset of datasets) {
      const messages = await this.checkOne(dataset, signal);
      faults.push(...[...new Set(messages)].map((message) => ({ dataset: dataset.name, message })));
    }
    return faults;
  }

  count(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    return this.overFiles(dataset, selectors, options, ({ session }, file, selection) =>
      countIn(session, dataset, file, selection),
    );
  }

  purge(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    return this.overFiles(dataset, selectors, options, async ({ session, folder }, file, selection) =>
      eraseIn(session, { dataset, folder }, file, selection),
    );
  }

  /** Reads all files at once and compares keys as text: no statistics, bloom filter or row number of theirs is relied upon. */
  async verify(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
    const purposes = purposesCondition(dataset, options.onlyPurposes);
    return this.open(dataset, options.signal, async ({ session, files }) => {
      const fields = await allFields(session, dataset, files);
      if (fields === undefined || wanted.length === 0) return answer(new Map());
      await loadWanted(session, dataset, wanted);
      const rows = await session.rows(
        `select w.place, count(*) from ${reading(files.map(({ path }) => path))} t, wanted w
          where ${keyText(dataset)} = w.key::varchar and (${momentOf(dataset, fields)} > w.latest) is not true
            ${tenantCondition(dataset)}${purposes} group by w.place`,
      );
      return answer(new Map(rows.map(([place, count]) => [Number(place), Number(count)])));
    });
  }

  async countAges(
    dataset: Dataset,
    cutOffs: readonly Date[],
    signal: AbortSignal,
    except?: readonly string[],
  ): Promise<readonly AgeGroup[]> {
    return this.open(dataset, signal, async ({ session, files }) => {
      const asked = { cutOffs, except: await loadStaying(session, dataset, except) };
      const ages = new AgeGroups();
      for (const file of files) {
        for (const [listed, rows, undated, ...before] of await agesIn(session, dataset, file, asked)) {
          const counts = { rows: Number(rows), undated: Number(undated), before: before.map(Number) };
          ages.add(dataset.purposesField === undefined ? undefined : listFromJson(listed), counts);
        }
      }
      return ages.groups();
    });
  }

  /** A file is the smallest piece of work; the cursor is the mark of the last one that was looked at. */
  async purgeBefore(
    dataset: Dataset,
    cutOff: Date,
    { signal, cursor, limit, onlyPurposes, except: staying }: BeforeOptions,
  ): Promise<BeforeResult> {
    listingCondition(dataset, onlyPurposes);
    return this.open(dataset, signal, async ({ session, folder, files }) => {
      const except = await loadStaying(session, dataset, staying);
      const selection = { kind: 'before' as const, cutOff, onlyPurposes, except };
      const left = files.filter(({ mark }) => cursor === undefined || mark > cursor);
      let rows = 0;
      for (const [index, file] of left.entries()) {
        rows += sum(await eraseIn(session, { dataset, folder }, file, selection));
        if (rows >= limit && index < left.length - 1) return { rows, cursor: file.mark };
      }
      return { rows };
    });
  }

  /** DuckDB finds the distinct keys, and spills what does not fit; its pages have about 2,000. */
  async *keys(dataset: Dataset, signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const folder = await datasetFolder(this.root, dataset.location);
    const files = await dataFiles(folder);
    const connection = await this.database.connect(signal);
    try {
      if ((await allFields(connection.session, dataset, files)) === undefined) return;
      const source = reading(files.map(({ path }) => path));
      // The driver drops a byte order mark from the start of a text; behind a full stop, it is not at the start.
      const sql = `select '.' || key from (select distinct ${keyText(dataset)} as key from ${source} t where ${keyText(dataset)} is not null${tenantCondition(dataset)})`;
      for await (const rows of connection.session.pages(sql)) yield rows.map(([key]) => String(key).slice(1));
    } finally {
      connection.close();
    }
  }

  /** A rewritten file has no trace of what was taken out; only what a crash left behind is still to be removed. */
  async compact(datasets: readonly Dataset[], _signal: AbortSignal): Promise<void> {
    for (const { location } of datasets) await removeLeftovers(await datasetFolder(this.root, location));
  }

  close(): Promise<void> {
    this.database.close();
    return Promise.resolve();
  }

  private async checkOne(dataset: Dataset, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await this.open(dataset, signal, async ({ session, files }) => {
        const messages: string[] = [];
        for (const file of files) messages.push(...misfits(dataset, await fieldsOf(session, file)));
        return messages;
      });
    } catch (error) {
      if (error instanceof DependencyError && error.code !== 'timeout') return [error.message];
      throw error;
    }
  }

  private async overFiles(
    dataset: Dataset,
    selectors: readonly Selector[],
    { signal, onlyPurposes }: CallOptions,
    work: (opened: Opened, file: DataFile, selection: Selection) => Promise<Counts>,
  ): Promise<readonly SubjectResult[]> {
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors);
    const counts: Counts = new Map();
    purposesCondition(dataset, onlyPurposes);
    await this.open(dataset, signal, async (opened) => {
      if (wanted.length === 0) return;
      await loadWanted(opened.session, dataset, wanted);
      for (const file of opened.files) {
        for (const [place, rows] of await work(opened, file, { kind: 'people', onlyPurposes })) {
          counts.set(place, (counts.get(place) ?? 0) + rows);
        }
      }
    });
    return answer(counts);
  }

  private async open<T>(
    dataset: Dataset,
    signal: AbortSignal,
    work: (opened: Opened) => Promise<T>,
  ): Promise<T> {
    const folder = await datasetFolder(this.root, dataset.location);
    await removeLeftovers(folder);
    const files = await dataFiles(folder);
    return this.database.session(signal, (session) => work({ session, folder, files }));
  }
}

/** The fields of all files together, each checked; undefined when there is no file. */
async function allFields(
  session: Session,
  dataset: Dataset,
  files: readonly DataFile[],
): Promise<Fields | undefined> {
  let fields: Fields | undefined;
  for (const file of files) {
    const found = await fittingFields(session, dataset, file);
    const { field } = dataset.collectedAt;
    // Files of different precision are read together as the finest.
    if (fields === undefined || found.get(field) === 'TIMESTAMP_NS') fields = found;
  }
  return fields;
}

function keyText({ subjectKey }: Dataset): string {
  return `t.${quoteName(subjectKey.field)}::varchar`;
}

/** Opens the folder. Throws DependencyError unreachable when it does not exist, invalid_config on settings that do not fit. */
export const connect: Connect = async (settings) => {
  const parsed = parquetSettings.safeParse(settings);
  if (!parsed.success) throw new DependencyError('invalid_config', 'the settings of the store are not valid');
  const folder = await datasetFolder(parsed.data.folder, '.');
  return new ParquetConnector(folder, await Database.open({ ...parsed.data, folder }));
};
