import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectLance, Index, type Connection, type Table } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, Int64, Schema, Timestamp, TimeUnit, Utf8 } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector, Dataset } from '#connector-kit';
import { connect } from './connector.js';

const dataset: Dataset = {
  name: 'memories',
  location: 'memories',
  subjectKey: { field: 'person', form: 'text' },
  collectedAt: { field: 'at', form: 'timestamp' },
  fields: ['person', 'at', 'body', 'vector'],
};
const asOf = new Date('2030-01-01T00:00:00Z');
const options = { signal: new AbortController().signal };
const marker = 'marker-5d1e';
const memory = (person: string, at = 0) => ({
  person,
  at,
  body: `likes ${person}`,
  n: 1n,
  vector: [at % 7, at % 5],
});
const schema = new Schema([
  new Field('person', new Utf8(), true),
  new Field('at', new Timestamp(TimeUnit.NANOSECOND), true),
  new Field('body', new Utf8(), true),
  new Field('n', new Int64(), true),
  new Field('vector', new FixedSizeList(2, new Field('item', new Float32(), true)), true),
]);

let folder: string;
let db: Connection;
let table: Table;
let connector: Connector;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-lancedb-'));
  db = await connectLance(folder);
  const rows = Array.from({ length: 600 }, (_, index) => memory(`p${index}`, index));
  table = await db.createTable('memories', rows, { schema });
  connector = await connect({ folder });
});

afterEach(async () => {
  await connector.close();
  db.close();
  await rm(folder, { recursive: true, force: true });
});

async function filesWith(text: string): Promise<readonly string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return (await readFile(path)).includes(text) ? [path] : [];
    }),
  );
  return found.flat();
}

describe('compaction of a LanceDB table', () => {
  it('reaches vector, full-text and bitmap indexes as well', async () => {
    await table.add([memory(marker)]);
    await table.createIndex('person');
    await table.createIndex('body', { config: Index.fts() });
    await table.createIndex('n', { config: Index.bitmap() });
    await table.createIndex('vector', { config: Index.ivfFlat({ numPartitions: 2 }) });
    const before = (await table.listIndices()).map(({ name, indexType }) => [name, indexType]);
    await connector.purge(dataset, [{ subject: marker, asOf }], options);
    await connector.compact([dataset], options.signal);
    expect(await filesWith(marker)).toEqual([]);
    const reopened = await db.openTable('memories');
    expect((await reopened.listIndices()).map(({ name, indexType }) => [name, indexType])).toEqual(before);
    expect(await reopened.countRows()).toBe(600);
    expect(await reopened.search([1, 1]).limit(3).toArray()).toHaveLength(3);
  });

  it('says that a deleted person’s key stays in transaction files until then', async () => {
    await connector.purge(dataset, [{ subject: 'p77', asOf }], options);
    expect((await filesWith("'p77'")).some((path) => path.includes('_transactions'))).toBe(true);
    await connector.compact([dataset], options.signal);
    expect(await filesWith("'p77'")).toEqual([]);
  });

  it('does not claim what it cannot do: an index of which no row is left, with settings of its own', async () => {
    await table.createIndex('body', { config: Index.fts() });
    const everyone = Array.from({ length: 600 }, (_, index) => ({ subject: `p${index}`, asOf }));
    await connector.purge(dataset, everyone, options);
    await expect(connector.compact([dataset], options.signal)).rejects.toMatchObject({
      code: 'not_supported',
    });
  });

  it('loses no row that another writer adds meanwhile', async () => {
    await connector.purge(dataset, [{ subject: 'p3', asOf }], options);
    const writing = (async () => {
      for (let index = 0; index < 20; index += 1)
        await (await db.openTable('memories')).add([memory(`new${index}`)]);
    })();
    await Promise.all([writing, connector.compact([dataset], options.signal)]);
    const reopened = await db.openTable('memories');
    expect(await reopened.countRows()).toBe(619);
    expect(await reopened.countRows("person like 'new%'")).toBe(20);
  });
});

describe('a LanceDB connector', () => {
  it.each(['..', '.', 'a/b', '', 'memories.lance/../memories'])(
    'opens no table by the location %j',
    async (location) => {
      const [fault] = await connector.check([{ ...dataset, location }], options.signal);
      expect(fault?.message).toContain('name of a table');
    },
  );

  it('sees at once what another connection wrote', async () => {
    expect(await connector.count(dataset, [{ subject: 'late', asOf }], options)).toEqual([
      { subject: 'late', rows: 0 },
    ]);
    await table.add([memory('late')]);
    expect(await connector.purge(dataset, [{ subject: 'late', asOf }], options)).toEqual([
      { subject: 'late', rows: 1 },
    ]);
  });

  it('refuses moments that cannot be compared exactly, and fields it cannot quote', async () => {
    const coarse = new Schema([
      new Field('person', new Utf8(), true),
      new Field('at', new Timestamp(TimeUnit.SECOND), true),
      new Field('b`ody', new Utf8(), true),
    ]);
    await db.createEmptyTable('coarse', coarse);
    const faults = await connector.check(
      [{ ...dataset, location: 'coarse', fields: ['person', 'at', 'b`ody'] }],
      options.signal,
    );
    expect(faults).toHaveLength(2);
  });
});
