import { createHash } from 'node:crypto';
import { connect, type Connection, type Table } from '@lancedb/lancedb';
import type { Signals } from '../signals.js';
import type { HostStore } from './host-store.js';

const dimensions = 16;
const pageSize = 2_000;

/** The host's vectors: one per tag, made from its text. */
export class Vectors implements HostStore {
  readonly name = 'vectors';
  readonly title = 'LanceDB vectors of tags';
  readonly look: string;
  private table: Table | undefined;

  private constructor(
    private readonly connection: Connection,
    readonly folder: string,
  ) {
    this.look = `python3 -c "import lancedb; print(lancedb.connect('${folder}').open_table('tag_vectors').head(10))"`;
  }

  static async open(folder: string): Promise<Vectors> {
    return new Vectors(await connect(folder), folder);
  }

  async load(signals: Signals, progress: (rows: number) => void): Promise<void> {
    for (let start = 0; start < signals.tags.length; start += pageSize) {
      const page = signals.tags.slice(start, start + pageSize);
      const rows = page.map(({ userId, movieId, tag, timestamp }) => row(userId, movieId, tag, timestamp));
      if (this.table === undefined) this.table = await this.connection.createTable('tag_vectors', rows);
      else await this.table.add(rows);
      progress(page.length);
    }
    // A host without tags still has its table.
    if (this.table === undefined) {
      this.table = await this.connection.createTable('tag_vectors', [row(0, 0, 'none', 0)]);
      await this.table.delete('true');
    }
  }

  async rows(): Promise<number> {
    return this.opened().countRows();
  }

  async rowsOf(people: readonly number[]): Promise<number> {
    await this.opened().checkoutLatest();
    return people.length === 0 ? 0 : this.opened().countRows(`user_id in (${people.join(',')})`);
  }

  async digestWithout(people: readonly number[]): Promise<string> {
    await this.opened().checkoutLatest();
    const without = new Set(people);
    const lines: string[] = [];
    for (const found of await this.opened().query().toArray()) {
      const plain: unknown = found;
      const line = JSON.stringify(plain, (_key, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      );
      const parsed: unknown = JSON.parse(line);
      if (
        typeof parsed === 'object' &&
        parsed !== null &&
        'user_id' in parsed &&
        !without.has(Number(parsed.user_id))
      )
        lines.push(line);
    }
    return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
  }

  async writeBehindTheGuard(person: number, at: Date): Promise<void> {
    await this.opened().checkoutLatest();
    await this.opened().add([row(person, 1, 'late', Math.floor(at.getTime() / 1_000))]);
  }

  close(): Promise<void> {
    this.table?.close();
    this.connection.close();
    return Promise.resolve();
  }

  private opened(): Table {
    if (this.table === undefined) throw new TypeError('the table is not loaded');
    return this.table;
  }
}

function row(userId: number, movieId: number, tag: string, timestamp: number) {
  // Bigints become 64-bit integers; plain numbers would become floats.
  return {
    user_id: BigInt(userId),
    movie_id: BigInt(movieId),
    tag,
    tagged_at: BigInt(timestamp),
    vector: embed(tag),
  };
}

/** A stand-in for a model: each word's hash sets some dimensions, so equal texts have equal vectors. */
function embed(text: string): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of text.toLowerCase().split(/\s+/)) {
    const hash = createHash('sha256').update(word).digest();
    for (let index = 0; index < dimensions; index++)
      vector[index] = (vector[index] ?? 0) + ((hash[index] ?? 0) - 128) / 128;
  }
  return vector;
}
