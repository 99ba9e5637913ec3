import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectLance } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, Int64, Schema, Timestamp, TimeUnit, Utf8 } from 'apache-arrow';
import type { Dataset } from '#connector-kit';
import { describeConnector, type TestRow, type TestStore } from '#connector-kit/conformance';
import { connect } from './connector.js';
import { manifest } from './manifest.js';

describeConnector('lancedb', {
  manifest,
  connect,
  open: openStore,
  missing: () => ({ folder: '/nowhere/at/all' }),
});

/** Every insert makes a fragment of its own, and the key has an index that covers all of them. */
async function openStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-lancedb-'));
  const db = await connectLance(folder);
  return {
    settings: { folder },
    create: async (dataset) => {
      await db.createEmptyTable(dataset.location, schemaOf(dataset));
    },
    insert: async (dataset, rows) => {
      if (rows.length === 0) return;
      const table = await db.openTable(dataset.location);
      await table.add(rows.map((row) => recordOf(dataset, row)));
      if ((await table.listIndices()).length === 0) await table.createIndex('subject');
      else await table.optimize();
    },
    read: async (dataset) => {
      const table = await db.openTable(dataset.location);
      const rows = (await table.query().toArray()) as { toJSON(): Record<string, unknown> }[];
      return rows.map((row) =>
        JSON.stringify(row.toJSON(), (_, value: unknown) =>
          typeof value === 'bigint' ? `${value}n` : value,
        ),
      );
    },
    drop: async (dataset, field) => {
      if (field === undefined) return db.dropTable(dataset.location);
      await (await db.openTable(dataset.location)).dropColumns([field]);
    },
    holdsBytes: async (marker) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const found = entries
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name)));
      return (await Promise.all(found)).some((bytes) => bytes.includes(marker));
    },
    destroy: async () => {
      db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function schemaOf({ subjectKey, collectedAt }: Dataset): Schema {
  const moment = collectedAt.form === 'timestamp' ? new Timestamp(TimeUnit.MICROSECOND, 'UTC') : new Int64();
  return new Schema([
    new Field('subject', subjectKey.form === 'integer' ? new Int64() : new Utf8(), true),
    new Field('at', moment, true),
    new Field('body', new Utf8(), true),
    new Field('tenant', new Utf8(), true),
    new Field('vector', new FixedSizeList(2, new Field('item', new Float32(), true)), true),
  ]);
}

function recordOf(
  { subjectKey, collectedAt }: Dataset,
  { key, at, body, tenant }: TestRow,
): Record<string, unknown> {
  const moment = {
    timestamp: () => at?.getTime(),
    epoch_seconds: () => at && BigInt(at.getTime() / 1_000),
    epoch_milliseconds: () => at && BigInt(at.getTime()),
  }[collectedAt.form]();
  const subject = subjectKey.form === 'integer' && key !== null ? BigInt(key) : key;
  return { subject, at: moment ?? null, body, tenant: tenant ?? null, vector: [body.length, 1] };
}
