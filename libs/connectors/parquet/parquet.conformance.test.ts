import { mkdtemp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, HUGEINT, LIST, VARCHAR, listValue, type DuckDBConnection } from '@duckdb/node-api';
import type { Dataset } from '#connector-kit';
import { describeConnector, type TestRow, type TestStore } from '#connector-kit/conformance';
import { connect } from './connector.js';
import { manifest } from './manifest.js';

describeConnector('parquet', {
  manifest,
  connect,
  open: openStore,
  missing: () => ({ folder: '/nowhere/at/all' }),
});

/** Every insert makes a file of its own, in a partition folder of its own. */
async function openStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-parquet-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const db = await instance.connect();
  let inserts = 0;
  const files = async (dataset: Dataset) =>
    (await readdir(join(folder, dataset.location), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  return {
    settings: { folder },
    create: async (dataset) => {
      await mkdir(join(folder, dataset.location), { recursive: true });
    },
    insert: async (dataset, rows) => {
      if (rows.length === 0) return;
      const partition = join(folder, dataset.location, `part=${inserts++}`);
      await mkdir(partition, { recursive: true });
      await write(db, dataset, rows, join(partition, 'rows.parquet'));
    },
    read: async (dataset) => {
      const texts: string[] = [];
      for (const file of await files(dataset)) {
        const reader = await db.runAndReadAll(`select to_json(t)::varchar from read_parquet('${file}') t`);
        texts.push(...reader.getRows().map(([text]) => String(text)));
      }
      return texts;
    },
    drop: async (dataset, field) => {
      if (field === undefined) return rm(join(folder, dataset.location), { recursive: true });
      for (const file of await files(dataset)) {
        await db.run(
          `create or replace temp table kept as select * exclude ("${field}") from read_parquet('${file}', hive_partitioning = false)`,
        );
        await db.run(`copy kept to '${file}' (format parquet)`);
      }
    },
    holdsBytes: async (marker) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const found = entries
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name)));
      return (await Promise.all(found)).some((bytes) => bytes.includes(marker));
    },
    destroy: async () => {
      db.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function write(
  db: DuckDBConnection,
  dataset: Dataset,
  rows: readonly TestRow[],
  file: string,
): Promise<void> {
  const { subjectKey, collectedAt } = dataset;
  const keyType = subjectKey.form === 'integer' ? 'bigint' : 'varchar';
  const unit = { timestamp: 1_000, epoch_seconds: 0.001, epoch_milliseconds: 1 }[collectedAt.form];
  const at = collectedAt.form === 'timestamp' ? 'make_timestamp(moment::bigint)' : 'moment::bigint';
  await db.run(
    `create or replace temp table rows as
       select key::${keyType} as subject, ${at} as "at", body, tenant, purposes from
         (select unnest($1) as key, unnest($2) as moment, unnest($3) as body, unnest($4) as tenant, unnest($5) as purposes)`,
    [
      listValue(rows.map(({ key }) => key)),
      listValue(rows.map(({ at: moment }) => (moment === null ? null : BigInt(moment.getTime() * unit)))),
      listValue(rows.map(({ body }) => body)),
      listValue(rows.map(({ tenant }) => tenant ?? null)),
      listValue(
        rows.map(({ purposes }) =>
          purposes === undefined || purposes === null ? null : listValue([...purposes]),
        ),
      ),
    ],
    [LIST(VARCHAR), LIST(HUGEINT), LIST(VARCHAR), LIST(VARCHAR), LIST(LIST(VARCHAR))],
  );
  await db.run(`copy rows to '${file}' (format parquet, compression uncompressed)`);
}
