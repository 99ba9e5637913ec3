import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector, Dataset } from '#connector-kit';
import { connect } from './connector.js';
import { dataFiles, datasetFolder, replace, versionOf } from './files.js';

const dataset: Dataset = {
  name: 'ratings',
  location: 'ratings',
  subjectKey: { field: 'user_id', form: 'integer' },
  collectedAt: { field: 'at', form: 'timestamp' },
  fields: ['user_id', 'at'],
};
const asOf = new Date('2030-01-01T00:00:00Z');
const options = { signal: new AbortController().signal };
const person = [{ subject: '7', asOf }];

let folder: string;
let instance: DuckDBInstance;
let db: DuckDBConnection;
let connector: Connector;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-parquet-'));
  await mkdir(join(folder, 'ratings/year=1996'), { recursive: true });
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  db = await instance.connect();
  connector = await connect({ folder });
});

afterEach(async () => {
  await connector.close();
  db.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

async function rows(sql: string): Promise<readonly unknown[]> {
  return (await db.runAndReadAll(sql)).getRowsJson();
}

async function write(path: string, from = 'range(10)', more = '', format = ''): Promise<string> {
  const file = join(folder, 'ratings', path);
  await db.run(
    `copy (select range::int as user_id, timestamp '2020-01-01' + to_days(range::int) as "at"${more} from ${from}) to '${file}' (format parquet${format})`,
  );
  return file;
}

describe('a rewritten Parquet file', () => {
  it('keeps order, types, hidden columns, compression, row groups and metadata of its writer', async () => {
    const file = await write(
      'year=1996/a.parquet',
      'range(30000)',
      `, [range, null] as list, {'a': range, 'b': [('x' || range)]} as nested, range::decimal(18,4) as exact, (range % 3)::utinyint as small,
        (timestamp '2020-01-01')::timestamp_ns as fine, now() as zoned, uuid() as id, map {'k': range} as pairs, 'nan'::float as odd`.replace(
        'range::utinyint % 3',
        '(range % 3)::utinyint',
      ),
      `, compression zstd, row_group_size 2048, kv_metadata {pandas: '{"it''s": 1}', owner: 'me'}`,
    );
    const show = `select * exclude (file_row_number) from read_parquet('${file}', hive_partitioning = false, file_row_number = true) where user_id <> 7 order by file_row_number`;
    const layout = `select distinct compression, (select max(row_group_num_rows) from parquet_metadata('${file}')) from parquet_metadata('${file}')`;
    const metadata = `select decode(key), decode(value) from parquet_kv_metadata('${file}') order by key`;
    const types = `describe select * from '${file}'`;
    await chmod(file, 0o640);
    const before = [await rows(show), await rows(types), await rows(layout), await rows(metadata)];
    expect(await connector.purge(dataset, person, options)).toEqual([{ subject: '7', rows: 1 }]);
    expect([await rows(show), await rows(types), await rows(layout), await rows(metadata)]).toEqual(before);
    expect(await rows(`select count(*) from '${file}'`)).toEqual([['29999']]);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(join(folder, 'ratings/year=1996'))).toEqual(['a.parquet']);
  });

  it('is the only one that is touched; others keep bytes and time', async () => {
    await write('year=1996/a.parquet');
    const other = await write('year=1996/b.parquet', 'range(100, 200)');
    const before = [await readFile(other), (await stat(other, { bigint: true })).mtimeNs];
    await connector.purge(dataset, person, options);
    expect([await readFile(other), (await stat(other, { bigint: true })).mtimeNs]).toEqual(before);
  });

  it('goes when no row is left, with the partition folder it leaves empty and its checksum, never with the dataset', async () => {
    await write('year=1996/a.parquet', 'range(7, 8)');
    await writeFile(join(folder, 'ratings/year=1996/.a.parquet.crc'), 'old');
    expect(await connector.purge(dataset, person, options)).toEqual([{ subject: '7', rows: 1 }]);
    expect(await readdir(join(folder, 'ratings'))).toEqual([]);
    expect(await connector.verify(dataset, person, options)).toEqual([{ subject: '7', rows: 0 }]);
  });

  it('does not replace a file that changed meanwhile', async () => {
    const path = await write('year=1996/a.parquet');
    const [file] = await dataFiles(join(folder, 'ratings'));
    const seen = await versionOf(file!);
    const temporary = join(folder, 'ratings/year=1996/.lethe-new.tmp');
    await writeFile(temporary, 'rewritten');
    await write('year=1996/a.parquet', 'range(20)');
    const newer = await readFile(path);
    await expect(replace(file!, seen, temporary)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readFile(path)).toEqual(newer);
    await rm(path);
    await expect(replace(file!, seen, temporary)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('leaves nothing of a rewrite that was killed', async () => {
    await write('year=1996/a.parquet');
    const left = join(folder, 'ratings/year=1996/.lethe-0b0cf9d8-9d0e-4c3a-8a55-1f3b2a7f0c11.tmp');
    await writeFile(left, 'personal data');
    await connector.compact([dataset], options.signal);
    expect(await readdir(join(folder, 'ratings/year=1996'))).toEqual(['a.parquet']);
  });

  it('is refused where a table format owns the files', async () => {
    await write('year=1996/a.parquet', 'range(10)', '', ', field_ids {user_id: 1, "at": 2}');
    await expect(connector.purge(dataset, person, options)).rejects.toMatchObject({ code: 'not_supported' });
    expect(await connector.verify(dataset, person, options)).toEqual([{ subject: '7', rows: 1 }]);
  });
});

describe('partition folders', () => {
  it('serve as fields, and do not become columns of a file', async () => {
    const file = await write('year=1996/a.parquet');
    const tenant: Dataset = { ...dataset, tenantFilter: { field: 'year', value: '1997' } };
    expect(await connector.purge(tenant, person, options)).toEqual([{ subject: '7', rows: 0 }]);
    const ours: Dataset = { ...dataset, tenantFilter: { field: 'year', value: '1996' } };
    expect(await connector.purge(ours, person, options)).toEqual([{ subject: '7', rows: 1 }]);
    const columns = await rows(
      `select column_name from (describe select * from read_parquet('${file}', hive_partitioning = false))`,
    );
    expect(columns).toEqual([['user_id'], ['at']]);
  });

  it('may be named after people, whose keys appear in no cursor', async () => {
    const keyed: Dataset = { ...dataset, subjectKey: { field: 'person', form: 'text' } };
    for (const name of ['canary', 'other']) {
      await mkdir(join(folder, `ratings/person=${name}`));
      await write(`person=${name}/a.parquet`);
    }
    const { cursor } = await connector.purgeBefore(keyed, asOf, { ...options, limit: 1 });
    expect(cursor).toMatch(/^[0-9a-f]{64}$/);
    expect(
      await connector.purge(
        keyed,
        [
          { subject: 'canary', asOf },
          { subject: 'other', asOf },
        ],
        options,
      ),
    ).toHaveLength(2);
    expect(await dataFiles(join(folder, 'ratings'))).toEqual([]);
  });
});

describe('what a folder holds besides', () => {
  it.each(['data.csv', '_delta_log/0.json', '_metadata', 'part-0001'])(
    'makes every verb fail rather than overlook %s',
    async (name) => {
      await write('year=1996/a.parquet');
      await mkdir(join(folder, 'ratings/_delta_log'));
      await writeFile(join(folder, 'ratings', name), 'x');
      await expect(connector.purge(dataset, person, options)).rejects.toMatchObject({
        code: 'invalid_config',
      });
      expect(await connector.check([dataset], options.signal)).toHaveLength(1);
    },
  );

  it('may be a link, which is refused: it could lead anywhere', async () => {
    await write('year=1996/a.parquet');
    await symlink('/etc', join(folder, 'ratings/linked'));
    await expect(connector.count(dataset, person, options)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it.each(['..', '../other', '/etc', 'ratings/../..', 'link'])(
    'never leads out of the store by the location %s',
    async (location) => {
      await symlink('/etc', join(folder, 'link'));
      await expect(datasetFolder(folder, location)).rejects.toMatchObject({
        name: 'DependencyError',
        code: /invalid_config|unreachable/,
      });
    },
  );

  it('is no Parquet: the error says so and quotes nothing', async () => {
    await writeFile(join(folder, 'ratings/year=1996/a.parquet'), 'canary');
    const error: unknown = await connector.purge(dataset, person, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DependencyError' });
    expect(String(error)).not.toContain('canary');
    expect(String(error)).not.toContain(folder);
  });
});
