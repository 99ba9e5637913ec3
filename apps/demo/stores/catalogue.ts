import pg from 'pg';
import type { Signals } from '../signals.js';
import type { HostStore } from './host-store.js';

const pageSize = 5_000;

/** What a rating was collected for: a third for training alone, a third for recommendations alone, a third for both. */
export function purposesOf(movieId: number): readonly string[] {
  const kinds = [['training'], ['recommendations'], ['recommendations', 'training']] as const;
  return kinds[movieId % kinds.length] ?? [];
}

/** The host's PostgreSQL schema: ratings and tags as rows. */
export class Catalogue implements HostStore {
  readonly name = 'catalogue';
  readonly title = 'PostgreSQL rows';
  readonly look: string;
  private readonly pool: pg.Pool;

  constructor(
    url: string,
    readonly schema: string,
  ) {
    this.pool = new pg.Pool({ connectionString: url, max: 2 });
    // A connection that breaks is reported by the query that needs it.
    this.pool.on('error', () => undefined);
    this.look = `psql "${url}" -c 'select * from ${schema}.ratings limit 10'`;
  }

  /** Makes the schema and loads it; `progress` hears of rows as they are in. */
  async load(signals: Signals, progress: (rows: number) => void): Promise<void> {
    await this.pool.query(`create schema ${this.schema}`);
    await this.pool.query(`create table ${this.schema}.ratings (
      user_id integer not null, movie_id integer not null, rating real not null, rated_at timestamptz not null, purposes text[] not null)`);
    await this.pool.query(`create table ${this.schema}.tags (
      user_id integer not null, movie_id integer not null, tag text not null, tagged_at timestamptz not null)`);
    for (let start = 0; start < signals.ratings.length; start += pageSize) {
      const page = signals.ratings.slice(start, start + pageSize);
      const rows = page.map(({ userId, movieId, rating, timestamp }) => ({
        userId,
        movieId,
        rating,
        timestamp,
        purposes: purposesOf(movieId),
      }));
      await this.insert(
        'ratings',
        '"userId", "movieId", rating, to_timestamp(timestamp), purposes',
        'rating real, purposes text[]',
        rows,
      );
      progress(page.length);
    }
    for (let start = 0; start < signals.tags.length; start += pageSize) {
      const page = signals.tags.slice(start, start + pageSize);
      await this.insert('tags', '"userId", "movieId", tag, to_timestamp(timestamp)', 'tag text', page);
      progress(page.length);
    }
    await this.pool.query(`create index on ${this.schema}.ratings (user_id)`);
    await this.pool.query(`create index on ${this.schema}.tags (user_id)`);
  }

  private async insert(table: string, columns: string, own: string, rows: readonly object[]): Promise<void> {
    await this.pool.query(
      `insert into ${this.schema}.${table}
       select ${columns} from jsonb_to_recordset($1::jsonb) as r ("userId" integer, "movieId" integer, timestamp double precision, ${own})`,
      [JSON.stringify(rows)],
    );
  }

  async rows(): Promise<number> {
    return this.count(
      `select (select count(*) from ${this.schema}.ratings) + (select count(*) from ${this.schema}.tags) as rows`,
      [],
    );
  }

  async rowsOf(people: readonly number[]): Promise<number> {
    return this.count(
      `select (select count(*) from ${this.schema}.ratings where user_id = any($1))
            + (select count(*) from ${this.schema}.tags where user_id = any($1)) as rows`,
      [people],
    );
  }

  /** How many ratings of a person were collected for one purpose and no other. */
  async collectedOnlyFor(person: number, purpose: string): Promise<number> {
    return this.count(
      `select count(*) as rows from ${this.schema}.ratings where user_id = $1 and purposes = array[$2]`,
      [person, purpose],
    );
  }

  /** Ratings collected before a moment. */
  async ratedBefore(cutOff: Date): Promise<number> {
    return this.count(`select count(*) as rows from ${this.schema}.ratings where rated_at < $1`, [cutOff]);
  }

  async digestWithout(people: readonly number[], from = new Date(0)): Promise<string> {
    const { rows } = await this.pool.query<{ digest: string }>(
      `select encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' order by line), ''), 'UTF8')), 'hex') as digest
         from (select 'r' || r::text as line from ${this.schema}.ratings r where user_id <> all($1) and rated_at >= $2
               union all select 't' || t::text from ${this.schema}.tags t where user_id <> all($1)) lines`,
      [people, from],
    );
    return rows[0]?.digest ?? '';
  }

  async writeBehindTheGuard(person: number, at: Date): Promise<void> {
    await this.pool.query(`insert into ${this.schema}.ratings values ($1, 1, 5, $2, '{recommendations}')`, [
      person,
      at,
    ]);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async count(text: string, values: readonly unknown[]): Promise<number> {
    const { rows } = await this.pool.query<{ rows: string }>(text, [...values]);
    return Number(rows[0]?.rows ?? Number.NaN);
  }
}
