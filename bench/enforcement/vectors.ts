import { cp, rm } from 'node:fs/promises';
import { connect } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, Int64, Schema, Timestamp, TimeUnit } from 'apache-arrow';

const dimensions = 32;
const pageSize = 10_000;
const schema = new Schema([
  new Field('person', new Int64(), false),
  new Field('at', new Timestamp(TimeUnit.MILLISECOND), false),
  new Field('vector', new FixedSizeList(dimensions, new Field('item', new Float32(), true)), false),
]);

/** The host's vectors in LanceDB: one of each person. */
export class Vectors {
  private readonly template: string;

  private constructor(readonly folder: string) {
    this.template = `${folder}-template`;
  }

  static async create(folder: string, people: number): Promise<Vectors> {
    const vectors = new Vectors(folder);
    const connection = await connect(vectors.template);
    const table = await connection.createEmptyTable('vectors', schema);
    for (let first = 0; first < people; first += pageSize) {
      const page = Array.from({ length: Math.min(pageSize, people - first) }, (_, offset) =>
        row(first + offset),
      );
      await table.add(page);
    }
    connection.close();
    await vectors.renew();
    return vectors;
  }

  async renew(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await cp(this.template, this.folder, { recursive: true });
  }

  async countOf(people: readonly number[]): Promise<number> {
    return this.opened((table) => table.countRows(among(people)));
  }

  /** The floor of a purge: a delete, in pieces that its parser is quick with. */
  async deleteAll(people: readonly number[]): Promise<void> {
    await this.opened(async (table) => {
      for (let first = 0; first < people.length; first += piece)
        await table.delete(among(people.slice(first, first + piece)));
    });
  }

  private async opened<T>(
    work: (table: Awaited<ReturnType<Connection['openTable']>>) => Promise<T>,
  ): Promise<T> {
    const connection = await connect(this.folder);
    try {
      return await work(await connection.openTable('vectors'));
    } finally {
      connection.close();
    }
  }
}

type Connection = Awaited<ReturnType<typeof connect>>;
const piece = 1_000;

function among(people: readonly number[]): string {
  return `person in (${people.join(', ')})`;
}

function row(person: number) {
  const vector = Array.from(
    { length: dimensions },
    (_, place) => ((person * 31 + place * 17) % 1_000) / 1_000,
  );
  return { person: BigInt(person), at: 1_735_689_600_000 + person, vector };
}
