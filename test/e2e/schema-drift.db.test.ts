import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource, getMetadataArgsStorage } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';

const libraries = join(import.meta.dirname, '..', '..', 'libs');

/** Every class in a `rows/` folder of a library: an entity that nobody registers counts too. */
async function rowClasses(): Promise<readonly (new () => object)[]> {
  const files = readdirSync(libraries, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^[^/]+\/rows\/[^/]+\.row\.ts$/.test(file),
  );
  for (const file of files) await import(pathToFileURL(join(libraries, file)).href);
  return getMetadataArgsStorage().tables.map(({ target }) => target as new () => object);
}

/**
 * What TypeORM would do to a database to make it equal the entities, without what it cannot know. Each exception has its
 * reason; everything that concerns columns, types, nullability, defaults and primary keys is left in.
 */
async function drift(database: TestDatabase): Promise<readonly string[]> {
  const source = new DataSource({
    type: 'postgres',
    url: database.ownerUrl,
    entities: [...(await rowClasses())],
    synchronize: false,
  });
  await source.initialize();
  try {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    return upQueries
      .map(({ query }) => query)
      .filter((query) => !exceptions.some(({ form }) => form.test(query)));
  } finally {
    await source.destroy();
  }
}

/** Only removals: a difference in anything else that has such a name still counts. */
const exceptions: readonly { readonly form: RegExp; readonly reason: string }[] = [
  {
    form: /^ALTER TABLE "\w+" DROP CONSTRAINT "\w+_fk"$/,
    reason: 'Rows name other rows by id and have no relations, so foreign keys live in the migrations alone.',
  },
  {
    form: /^ALTER TABLE "\w+" DROP CONSTRAINT "\w+_ck"$/,
    reason: 'Checks are SQL. Row classes repeat them as TypeScript unions, which TypeORM cannot see.',
  },
  {
    form: /^DROP INDEX "public"\."\w+_ix"$/,
    reason:
      'Indexes belong to statements, most of them SQL; TypeORM cannot express the partial ones of a queue.',
  },
];

describe('the migrated schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('equals the entities', async () => {
    expect(await drift(database)).toEqual([]);
  });

  it('is compared for every row class: each is an entity with a table of its own', async () => {
    const classes = await rowClasses();
    expect(classes.length).toBeGreaterThan(10);
    const { rows } = await withClient(database.ownerUrl, (client) =>
      client.query<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public'"),
    );
    const tables = rows.map(({ name }) => name);
    for (const { name } of getMetadataArgsStorage().tables) expect(tables).toContain(name);
  });
});

/** What somebody might change in a migration alone, or forget there, and the words of the statement that would undo it. */
const planted: readonly (readonly [what: string, change: string, found: string])[] = [
  ['a column more', 'alter table tenants add column motto text', '"motto"'],
  ['a column less', 'alter table sweeps drop column dry_run', '"dry_run"'],
  ['a column of another name', 'alter table sweeps rename column finished_at to ended_at', '"finished_at"'],
  ['another type', 'alter table rescans alter column keys type integer', '"keys"'],
  ['another kind of time', 'alter table stores alter column checked_at type timestamp', '"checked_at"'],
  [
    'an array that is none',
    'alter table stores alter column compaction_owed drop default, alter column compaction_owed type text using null',
    '"compaction_owed"',
  ],
  ['a value that may be missing', 'alter table requests alter column deadline drop not null', '"deadline"'],
  ['a value that may not', 'alter table api_keys alter column expires_at set not null', '"expires_at"'],
  ['a default more', "alter table policies alter column digest set default ''", '"digest"'],
  ['a default less', 'alter table rescans alter column found drop default', '"found"'],
  [
    'a primary key less',
    'alter table ledger_counters drop constraint ledger_counters_pk',
    '"ledger_counters_pk"',
  ],
  ['a unique constraint less', 'alter table tenants drop constraint tenants_slug_uq', 'UNIQUE ("slug")'],
  ['a table less', 'drop table receipts', 'CREATE TABLE "receipts"'],
];

describe('a drifted schema', () => {
  let found: string;
  beforeAll(async () => {
    const database = await createTestDatabase();
    await withClient(database.ownerUrl, async (client) => {
      for (const [, change] of planted) await client.query(change);
    });
    found = (await drift(database)).join('\n');
    await database.drop();
  });

  it.each(planted)('is found to differ by %s', (_, __, words) => {
    expect(found).toContain(words);
  });
});
