import type { Client } from 'pg';

/** The host's PostgreSQL table: so many rows of each person, scattered over the table as they were collected. */
export class Events {
  readonly location = 'host.events';
  private readonly gone = new Set<number>();

  private constructor(
    private readonly client: Client,
    readonly people: number,
    readonly each: number,
  ) {}

  static async create(client: Client, people: number, each: number): Promise<Events> {
    await client.query('create schema host');
    await client.query(
      'create table host.events (id bigint not null, person bigint not null, page text not null, at timestamptz not null)',
    );
    const events = new Events(client, people, each);
    await events.insert(Array.from({ length: people }, (_, person) => person));
    await client.query('alter table host.events add constraint events_pk primary key (id)');
    await client.query('create index events_person_ix on host.events (person)');
    await events.rest();
    return events;
  }

  get rows(): number {
    return this.people * this.each;
  }

  /** Says that the rows of these people are to be put back. */
  erased(people: readonly number[]): void {
    for (const person of people) this.gone.add(person);
  }

  /** Puts back what was taken out, and brings the database to rest: everybody begins alike. */
  async renew(): Promise<void> {
    await this.client.query('vacuum host.events');
    await this.insert([...this.gone]);
    this.gone.clear();
    await this.rest();
  }

  /** The floor of a purge: one statement, nothing else. */
  async deleteAll(people: readonly number[]): Promise<void> {
    await this.client.query('delete from host.events where person = any($1::bigint[])', [people]);
    this.erased(people);
  }

  /** The floor of a read-back. */
  async countOf(people: readonly number[]): Promise<number> {
    const { rows } = await this.client.query<{ count: string }>(
      'select count(*) from host.events where person = any($1::bigint[])',
      [people],
    );
    return Number(rows[0]?.count);
  }

  private async insert(people: readonly number[]): Promise<void> {
    await this.client.query(
      `insert into host.events
       select n * $2::bigint + person, person, 'page ' || (n * 7919 + person) % 1000, timestamptz '2025-01-01' + make_interval(mins => n::int)
         from unnest($1::bigint[]) person, generate_series(0, $3::int - 1) n order by 1`,
      [people, this.people, this.each],
    );
  }

  private async rest(): Promise<void> {
    await this.client.query('vacuum analyze');
    await this.client.query('checkpoint');
  }
}

/** Takes people in turn, each as far as can be from the last, and begins again when all were taken. */
export class Turns {
  private taken = 0;

  constructor(private readonly people: number) {}

  next(count: number): readonly number[] {
    const first = this.taken;
    this.taken += count;
    return Array.from({ length: count }, (_, offset) => ((first + offset) * 7_919) % this.people);
  }
}
