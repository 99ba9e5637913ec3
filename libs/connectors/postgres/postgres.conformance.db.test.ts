import type { Dataset } from '#connector-kit';
import { describeConnector, type TestRow, type TestStore } from '#connector-kit/conformance';
import { createTestDatabase, withClient } from '../../testing/index.js';
import { connect } from './connector.js';
import { manifest } from './manifest.js';

describeConnector('postgres', {
  manifest,
  connect,
  open: openStore,
  missing: () => ({ url: 'postgresql://nobody@127.0.0.1:1/nothing' }),
});

async function openStore(): Promise<TestStore> {
  const database = await createTestDatabase();
  const run = <T>(text: string, values: readonly unknown[] = []) =>
    withClient(database.ownerUrl, async (client) => (await client.query(text, [...values])).rows as T[]);
  return {
    settings: { url: database.ownerUrl },
    create: async ({ location, subjectKey, collectedAt }) => {
      const key = subjectKey.form === 'integer' ? 'int8' : 'text';
      const at = collectedAt.form === 'timestamp' ? 'timestamptz' : 'int8';
      await run(
        `create table ${location} (subject ${key}, at ${at}, body text, tenant text, purposes text[])`,
      );
      await run(`create index on ${location} (subject)`);
    },
    insert: async (dataset, rows) => {
      await run(
        `insert into ${dataset.location} select j->>0, (j->>1)::${dataset.collectedAt.form === 'timestamp' ? 'timestamptz' : 'int8'},
           j->>2, j->>3, case when j->4 <> 'null' then array(select jsonb_array_elements_text(j->4)) end
         from jsonb_array_elements($1::jsonb) as j`.replace(
          'j->>0',
          dataset.subjectKey.form === 'integer' ? '(j->>0)::int8' : 'j->>0',
        ),
        [JSON.stringify(rows.map((row) => valuesOf(dataset, row)))],
      );
    },
    read: async ({ location }) =>
      (await run<{ row: string }>(`select t::text as row from ${location} t`)).map(({ row }) => row),
    drop: async ({ location }, field) => {
      await run(
        field === undefined ? `drop table ${location}` : `alter table ${location} drop column ${field}`,
      );
    },
    holdsBytes: async (marker) => {
      await run('checkpoint');
      const [found] = await run<{ found: boolean }>(
        `select bool_or(position($1::text::bytea in pg_read_binary_file(pg_relation_filepath(c.oid))) > 0) as found
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'i', 't') and (n.nspname = 'pg_toast' or c.relname in ('signals', 'others', 'signals_subject_idx'))`,
        [marker],
      );
      return found?.found === true;
    },
    destroy: () => database.drop(),
  };
}

function valuesOf(
  { collectedAt }: Dataset,
  { key, at, body, tenant, purposes }: TestRow,
): readonly unknown[] {
  const moment = {
    timestamp: () => at?.toISOString(),
    epoch_seconds: () => at && at.getTime() / 1_000,
    epoch_milliseconds: () => at?.getTime(),
  }[collectedAt.form]();
  return [key, moment ?? null, body, tenant ?? null, purposes ?? null];
}
