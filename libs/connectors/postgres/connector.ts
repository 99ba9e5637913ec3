import {
  AgeGroups,
  keysToLeave,
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
  type WantedKey,
} from '#connector-kit';
import { DependencyError, type DependencyCode } from '#kernel';
import { rewriteTable } from './rewrite-table.js';
import { describeTable, fittingTable, type Table } from './schema.js';
import { RowsRefused, Session, type Row } from './session.js';
import { postgresSettings } from './settings.js';
import {
  agesStatement,
  countStatement,
  keysStatement,
  purgeBeforeStatement,
  purgeStatement,
  verifyStatement,
  type Statement,
} from './statements.js';

const keysPerPage = 5_000;
/** Lists of purposes times ages of one answer. */
const mostAges = 1_000_000;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Build = (
  dataset: Dataset,
  table: Table,
  wanted: readonly WantedKey[],
  only?: readonly string[],
) => Statement;

/** Where a call's results are gathered, by place. */
interface Found {
  readonly rows: Map<number, number>;
  readonly failures: Map<number, DependencyCode>;
}

/** One connection that acts, and another that reads back. */
class PostgresConnector implements Connector {
  constructor(
    private readonly acting: Session,
    private readonly reading: Session,
    private readonly rewriteUpToMegabytes: number,
  ) {}

  async check(datasets: readonly Dataset[], signal: AbortSignal): Promise<readonly SchemaFault[]> {
    const faults: SchemaFault[] = [];
    for (const dataset of datasets) {
      const { misfits } = await describeTable(this.reading, dataset, signal);
      faults.push(...misfits.map((message) => ({ dataset: dataset.name, message })));
    }
    return faults;
  }

  count(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    return this.forPeople(this.reading, countStatement, { dataset, selectors, options });
  }

  purge(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    return this.forPeople(this.acting, purgeStatement, { dataset, selectors, options });
  }

  verify(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]> {
    return this.forPeople(this.reading, verifyStatement, { dataset, selectors, options });
  }

  async countAges(
    dataset: Dataset,
    cutOffs: readonly Date[],
    signal: AbortSignal,
    except?: readonly string[],
  ): Promise<readonly AgeGroup[]> {
    const table = await fittingTable(this.reading, dataset, signal);
    const sorted = [...new Set(cutOffs.map((cutOff) => cutOff.getTime()))].sort((a, b) => a - b);
    const places = cutOffs.map((cutOff) => sorted.indexOf(cutOff.getTime()));
    const bounds = sorted.map((time) => new Date(time));
    const { text, values } = agesStatement(dataset, table, {
      cutOffs: bounds,
      most: mostAges,
      except: left(dataset, table, except),
    });
    const rows = await this.reading.rows(signal, text, values);
    if (rows.length === mostAges)
      throw new DependencyError('not_supported', 'rows list too many different sets of purposes');
    const ages = new AgeGroups();
    for (const [listed, reached, count] of rows) {
      const before = places.map((place) =>
        reached !== null && Number(reached) <= place ? Number(count) : 0,
      );
      const undated = reached === null ? Number(count) : 0;
      ages.add(dataset.purposesField === undefined ? undefined : listFromJson(listed), {
        rows: Number(count),
        undated,
        before,
      });
    }
    return ages.groups();
  }

  /** What was removed needs no second look, so the cursor says only that there may be more. */
  async purgeBefore(dataset: Dataset, cutOff: Date, options: BeforeOptions): Promise<BeforeResult> {
    const { signal, limit } = options;
    const table = await fittingTable(this.acting, dataset, signal);
    const except = left(dataset, table, options.except);
    const { text, values } = purgeBeforeStatement(dataset, table, cutOff, { ...options, except });
    const rows = await this.acting.affected(signal, text, values);
    return rows < limit ? { rows } : { rows, cursor: 'more' };
  }

  async *keys(dataset: Dataset, signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const table = await fittingTable(this.reading, dataset, signal);
    let after: string | undefined;
    for (;;) {
      const { text, values } = keysStatement(dataset, table, after, keysPerPage);
      const page = (await this.reading.rows(signal, text, values)).map((row) => String(row[1]));
      if (page.length > 0) yield page;
      if (page.length < keysPerPage) return;
      after = page.at(-1);
    }
  }

  async compact(datasets: readonly Dataset[], signal: AbortSignal): Promise<void> {
    const names = new Set<string>();
    for (const dataset of datasets) names.add((await fittingTable(this.acting, dataset, signal)).name);
    for (const name of names)
      await rewriteTable(this.acting, name, { signal, megabytes: this.rewriteUpToMegabytes });
  }

  async close(): Promise<void> {
    await Promise.all([this.acting.close(), this.reading.close()]);
  }

  private async forPeople(
    session: Session,
    build: Build,
    call: {
      readonly dataset: Dataset;
      readonly selectors: readonly Selector[];
      readonly options: CallOptions;
    },
  ): Promise<readonly SubjectResult[]> {
    const { dataset, selectors, options } = call;
    const table = await fittingTable(session, dataset, options.signal);
    const { wanted, answer } = readSelectors(dataset.subjectKey.form, selectors, fitting(dataset, table));
    const found: Found = { rows: new Map(), failures: new Map() };
    const run = (people: readonly WantedKey[]) => {
      const { text, values } = build(dataset, table, people, options.onlyPurposes);
      return session.rows(options.signal, text, values);
    };
    await isolating(run, wanted, found);
    return answer(found.rows, found.failures);
  }
}

function left(dataset: Dataset, table: Table, except: readonly string[] | undefined): readonly string[] {
  return keysToLeave(dataset.subjectKey.form, except, fitting(dataset, table));
}

/** Whether a key can be in the column. */
function fitting({ subjectKey }: Dataset, { columns }: Table): (key: string) => boolean {
  const byUuid = columns.get(subjectKey.field)?.type === 'uuid';
  return (key) => !byUuid || uuid.test(key);
}

/** Halves a batch that rows refuse (a foreign key, a trigger), until only the people concerned fail. */
async function isolating(
  run: (people: readonly WantedKey[]) => Promise<readonly Row[]>,
  people: readonly WantedKey[],
  found: Found,
): Promise<void> {
  const [first] = people;
  if (first === undefined) return;
  try {
    for (const [place, rows] of await run(people)) found.rows.set(Number(place), Number(rows));
  } catch (error) {
    if (!(error instanceof RowsRefused)) throw error;
    if (people.length === 1) {
      found.failures.set(first.index, error.code);
      return;
    }
    const half = Math.ceil(people.length / 2);
    await isolating(run, people.slice(0, half), found);
    await isolating(run, people.slice(half), found);
  }
}

/** Connects and asks once. Throws DependencyError: unreachable, unauthorized, or invalid_config for settings that do not fit. */
export const connect: Connect = async (settings) => {
  const parsed = postgresSettings.safeParse(settings);
  if (!parsed.success) throw new DependencyError('invalid_config', 'the settings of the store are not valid');
  const [acting, reading] = [new Session(parsed.data.url), new Session(parsed.data.url)];
  try {
    await reading.rows(new AbortController().signal, 'select 1');
  } catch (error) {
    await Promise.all([acting.close(), reading.close()]);
    throw error;
  }
  return new PostgresConnector(acting, reading, parsed.data.rewriteUpToMegabytes);
};
