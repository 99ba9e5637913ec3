import { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import type { HostStore, Signal } from './signal.js';

const tryFor = 60_000;
const tryEvery = 25;

/** Rows of a PostgreSQL of the host's; each says what it was collected for. */
export class Ratings implements HostStore {
  readonly dataset = 'rows/ratings';
  readonly purposes = undefined;
  private writes = 0;

  constructor(
    /** The host's own way to its database, and Lethe's. */
    private readonly ways: { readonly url: string; readonly registeredUrl: string },
    private readonly schema: string,
  ) {}

  get dataMap(): string {
    return `
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(this.ways.registeredUrl)} }
    datasets:
      ratings:
        location: ${this.schema}.ratings
        subjectKey: { field: person, form: text, identifier: account_id }
        collectedAt: { field: at, form: timestamp }
        purposes: { field: purposes }
        fields:
          id: { category: system.operations, rule: purge }
          person: { category: user.unique_id, rule: purge }
          at: { category: user.behavior, rule: purge }
          purposes: { category: system.operations, rule: purge }
          note: { category: user.behavior, rule: purge }
`;
  }

  async setUp(): Promise<void> {
    await this.with((client) =>
      client.query(`create schema ${this.schema};
        create table ${this.schema}.writes (number int primary key);
        create table ${this.schema}.ratings (id bigint, person text, at timestamptz, purposes text[], note text);
        create index on ${this.schema}.ratings (person)`),
    );
  }

  /** The server may die between a commit and its answer, so each write leaves its number. */
  async write(signals: readonly Signal[]): Promise<void> {
    const number = ++this.writes;
    await this.with(async (client) => {
      await client.query('begin');
      const first = await client.query(
        `insert into ${this.schema}.writes values ($1) on conflict do nothing`,
        [number],
      );
      if (first.rowCount === 1)
        await client.query(
          `insert into ${this.schema}.ratings
           select id, person, at, purposes, note from jsonb_to_recordset($1::jsonb)
                  as s (id bigint, person text, at timestamptz, purposes text[], note text)`,
          [JSON.stringify(signals)],
        );
      await client.query('commit');
    });
  }

  async read(): Promise<readonly Signal[]> {
    const rows = await this.with(
      async (client) =>
        (
          await client.query<Omit<Signal, 'id'> & { readonly id: string }>(
            `select id, person, at, purposes, note from ${this.schema}.ratings`,
          )
        ).rows,
    );
    return rows.map((row) => ({ ...row, id: Number(row.id) }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Again until it works: what dies here is part of the run. */
  private async with<T>(work: (client: Client) => Promise<T>): Promise<T> {
    for (const end = performance.now() + tryFor; ;) {
      const client = new Client({ connectionString: this.ways.url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return await work(client);
      } catch (error) {
        if (performance.now() > end) throw error;
        await pause(tryEvery);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
