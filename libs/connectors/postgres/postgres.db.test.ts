import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector, Dataset } from '#connector-kit';
import { createTestDatabase, withClient, type TestDatabase } from '../../testing/index.js';
import { connect } from './connector.js';
import {
  agesStatement,
  countStatement,
  purgeBeforeStatement,
  purgeStatement,
  verifyStatement,
  type Statement,
} from './statements.js';

const dataset: Dataset = {
  name: 'signals',
  location: 'shop.signals',
  subjectKey: { field: 'person', form: 'text' },
  collectedAt: { field: 'at', form: 'timestamp' },
  fields: ['person', 'at'],
};
const asOf = new Date('2026-05-01T12:00:00Z');
const options = { signal: new AbortController().signal };
const people = (...subjects: readonly string[]) => subjects.map((subject) => ({ subject, asOf }));

let database: TestDatabase;
let connector: Connector;

beforeEach(async () => {
  database = await createTestDatabase();
  await sql('create schema shop');
  connector = await connect({ url: database.ownerUrl });
});

afterEach(async () => {
  await connector.close();
  await database.drop();
});

async function sql(text: string): Promise<readonly Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (client) => {
    const result = await client.query<Record<string, unknown>>(text);
    return result.rows;
  });
}

describe('a purge in PostgreSQL', () => {
  it('fails the people whose rows a foreign key holds, without a word about them, and does the others', async () => {
    await sql(`create table shop.signals (id int primary key, person text, at timestamptz default '2026-01-01');
      create table shop.replies (signal int references shop.signals);
      insert into shop.signals select i, 'p' || i % 8 from generate_series(1, 80) i;
      insert into shop.replies values (3), (6)`);
    const all = people('p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7');
    expect(await connector.purge(dataset, all, options)).toEqual(
      all.map(({ subject }) =>
        subject === 'p3' || subject === 'p6' ? { subject, failure: 'conflict' } : { subject, rows: 10 },
      ),
    );
    expect(await sql('select distinct person from shop.signals order by 1')).toEqual([
      { person: 'p3' },
      { person: 'p6' },
    ]);
  });

  it('reads moments without a time zone as UTC, wherever the server is', async () => {
    await sql(`alter database ${database.name} set timezone = 'Pacific/Auckland';
      create table shop.signals (person text, at timestamp);
      insert into shop.signals values ('a', '2026-05-01 12:00:00'), ('a', '2026-05-01 12:00:00.001')`);
    expect(await connector.purge(dataset, people('a'), options)).toEqual([{ subject: 'a', rows: 1 }]);
    const cutOffs = [new Date('2026-05-01T12:00:00.002Z'), new Date('2026-05-01T12:00:00.001Z')];
    expect(await connector.countAges(dataset, cutOffs, options.signal)).toMatchObject([{ before: [1, 0] }]);
  });

  it('sweeps partitions without touching rows that share a place with those it removes', async () => {
    await sql(`create table shop.signals (person text, at timestamptz) partition by list (person);
      create table shop.one partition of shop.signals for values in ('a');
      create table shop.two partition of shop.signals for values in ('b');
      insert into shop.signals select 'a', '2026-01-01' from generate_series(1, 50);
      insert into shop.signals select 'b', '2026-06-01' from generate_series(1, 50)`);
    expect(await connector.purgeBefore(dataset, asOf, { ...options, limit: 20 })).toEqual({
      rows: 20,
      cursor: 'more',
    });
    expect(await connector.purgeBefore(dataset, asOf, { ...options, limit: 100 })).toEqual({ rows: 30 });
    expect(await sql('select person, count(*)::int from shop.signals group by 1')).toEqual([
      { person: 'b', count: 50 },
    ]);
    await connector.compact([dataset], options.signal);
  });

  it('takes uuid keys in their one spelling, and names with capitals and quotes', async () => {
    const id = '0b0cf9d8-9d0e-4c3a-8a55-1f3b2a7f0c11';
    const odd: Dataset = {
      ...dataset,
      location: 'shop.Odd "name"',
      subjectKey: { field: 'Per"son', form: 'text' },
      fields: ['Per"son', 'at'],
      tenantFilter: { field: 'shop', value: '7' },
    };
    await sql(`create table shop."Odd ""name""" ("Per""son" uuid, at timestamptz, shop int);
      insert into shop."Odd ""name""" values ('${id}', '2026-01-01', 7), ('${id}', '2026-01-01', 8)`);
    expect(await connector.check([odd], options.signal)).toEqual([]);
    expect(await connector.purge(odd, people(id, id.toUpperCase(), 'x'), options)).toEqual([
      { subject: id, rows: 1 },
      { subject: id.toUpperCase(), failure: 'invalid_config' },
      { subject: 'x', failure: 'invalid_config' },
    ]);
    expect(await connector.verify(odd, people(id), options)).toEqual([{ subject: id, rows: 0 }]);
  });

  it('finds people by the index on the key, and old rows by the index on the moment', async () => {
    await sql(`create table shop.signals (person text, at timestamp);
      create index by_person on shop.signals (person); create index by_moment on shop.signals (at);
      insert into shop.signals select 'p' || i, '2020-01-01'::timestamp + i * interval '1 minute' from generate_series(1, 20000) i;
      analyze shop.signals`);
    const columns = new Map(
      Object.entries({ person: 'text', at: 'timestamp' }).map(([name, type]) => [
        name,
        { type, deterministic: true },
      ]),
    );
    const table = { name: 'shop.signals', columns };
    const wanted = ['p5', 'p6'].map((key, index) => ({ index, key, asOf }));
    const explain = ({ text, values }: Statement) =>
      withClient(database.ownerUrl, async (client) => {
        const { rows } = await client.query<Record<string, string>>(`explain ${text}`, [...values]);
        return rows.flatMap((row) => Object.values(row)).join('\n');
      });
    for (const build of [countStatement, purgeStatement, verifyStatement]) {
      const plan = await explain(build(dataset, table, wanted));
      expect(plan).toContain('by_person');
      expect(plan).not.toContain('Seq Scan');
    }
    const cutOff = new Date('2020-01-01T01:00:00Z');
    expect(await explain(purgeBeforeStatement(dataset, table, cutOff, { limit: 10 }))).toContain('by_moment');
    // One scan, however many cut-offs.
    const ages = await explain(agesStatement(dataset, table, { cutOffs: [cutOff, asOf], most: 10 }));
    expect(ages.match(/Scan .*signals/g)).toHaveLength(1);
    // Leaving people out changes nothing of that.
    const around = { limit: 10, except: ['p5', 'p6'] };
    expect(await explain(purgeBeforeStatement(dataset, table, cutOff, around))).toContain('by_moment');
  });
});

describe('what PostgreSQL could hide', () => {
  it('rows behind row-level security are an error, never nothing found', async () => {
    await sql(`create table shop.signals (person text, at timestamptz);
      insert into shop.signals values ('canary', '2026-01-01'); alter table shop.signals enable row level security;
      create role reader_${database.name} login password 'x'; grant usage on schema shop to reader_${database.name};
      grant select, delete on shop.signals to reader_${database.name}`);
    const url = new URL(database.ownerUrl);
    url.username = `reader_${database.name}`;
    url.password = 'x';
    const limited = await connect({ url: url.href });
    const error: unknown = await limited
      .purge(dataset, people('canary'), options)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthorized' });
    expect(inspect(error, { depth: 5 })).not.toContain('canary');
    await limited.close();
    await sql(`drop owned by reader_${database.name}; drop role reader_${database.name}`);
  });

  it('a collation that finds two people equal, a view, and a location in too many parts are faults', async () => {
    await sql(`create collation shop.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table shop.signals (person text collate shop.loose, at timestamptz);
      create view shop.seen as select 'a'::text as person, now() as at;
      create table shop.padded (person char(8), at date)`);
    const faults = await connector.check(
      ['shop.signals', 'shop.seen', 'shop.padded', 'a.b.c', 'nowhere'].map((location) => ({
        ...dataset,
        location,
      })),
      options.signal,
    );
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringContaining('nondeterministic'),
      expect.stringContaining('not a table'),
      expect.stringContaining('person has type bpchar'),
      expect.stringContaining('at has type date'),
      expect.stringContaining('there is no table'),
      expect.stringContaining('there is no table'),
    ]);
  });
});

describe('a call that is aborted', () => {
  it('is cancelled on the server, and the connector goes on', async () => {
    await sql(`create table shop.signals (person text, at timestamptz);
      insert into shop.signals select 'a', '2026-01-01' from generate_series(1, 3);
      create function shop.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return old; end $$;
      create trigger slow before delete on shop.signals for each row execute function shop.slow()`);
    const abort = new AbortController();
    const purge = connector.purge(dataset, people('a'), { signal: abort.signal });
    purge.catch(() => undefined);
    const running =
      "select count(*)::int as n from pg_stat_activity where query like 'with gone%' and state = 'active'";
    await expect.poll(() => sql(running), { timeout: 5_000 }).toEqual([{ n: 1 }]);
    abort.abort();
    await expect(purge).rejects.toMatchObject({ name: 'DependencyError', code: 'timeout' });
    await expect.poll(() => sql(running), { timeout: 5_000 }).toEqual([{ n: 0 }]);
    await sql('drop trigger slow on shop.signals');
    expect(await connector.purge(dataset, people('a'), options)).toEqual([{ subject: 'a', rows: 3 }]);
  });
});

describe('compaction in PostgreSQL', () => {
  it('does not rewrite a table that is too large for it, and says so', async () => {
    await sql(
      `create table shop.signals (person text, at timestamptz); insert into shop.signals values ('a', now())`,
    );
    const careful = await connect({ url: database.ownerUrl, rewriteUpToMegabytes: 0 });
    await expect(careful.compact([dataset], options.signal)).rejects.toMatchObject({ code: 'not_supported' });
    await careful.close();
  });

  it('does not claim bytes gone that a running transaction still sees', async () => {
    await sql(
      `create table shop.signals (person text, at timestamptz); insert into shop.signals values ('a', '2026-01-01')`,
    );
    await withClient(database.ownerUrl, async (client) => {
      await client.query('begin isolation level repeatable read');
      await client.query('select 1 from shop.signals');
      await connector.purge(dataset, people('a'), options);
      await expect(connector.compact([dataset], AbortSignal.timeout(1_000))).rejects.toMatchObject({
        code: 'timeout',
      });
      await client.query('commit');
    });
    await connector.compact([dataset], options.signal);
  });
});
