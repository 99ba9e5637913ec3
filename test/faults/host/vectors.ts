import { connect, type Connection, type Table } from '@lancedb/lancedb';
import type { HostStore, Signal } from './signal.js';

const placeholder = 'nobody';

/** Vectors of the host's, derived from its ratings; all of them were collected for training. */
export class Vectors implements HostStore {
  readonly dataset = 'vectors/embeddings';
  readonly purposes = ['training'] as const;
  private table: Table | undefined;

  private constructor(
    private readonly folder: string,
    private readonly connection: Connection,
  ) {}

  static async open(folder: string): Promise<Vectors> {
    return new Vectors(folder, await connect(folder));
  }

  get dataMap(): string {
    return `
  vectors:
    type: lancedb
    settings: { folder: ${JSON.stringify(this.folder)} }
    datasets:
      embeddings:
        location: embeddings
        subjectKey: { field: person, form: text, identifier: account_id }
        collectedAt: { field: at, form: epoch_milliseconds }
        purposes: [training]
        derivedFrom: [rows/ratings]
        fields:
          id: { category: system.operations, rule: purge }
          person: { category: user.unique_id, rule: purge }
          at: { category: user.behavior, rule: purge }
          note: { category: user.behavior, rule: purge }
          vector: { category: user.behavior, rule: purge }
`;
  }

  async setUp(): Promise<void> {
    const nobody = { id: 0, person: placeholder, at: new Date(0), purposes: [], note: '' };
    this.table = await this.connection.createTable('embeddings', [vectorOf(nobody)]);
    await this.table.delete('true');
  }

  async write(signals: readonly Signal[]): Promise<void> {
    await this.table?.checkoutLatest();
    await this.table?.add(signals.map(vectorOf));
  }

  async read(): Promise<readonly Signal[]> {
    await this.table?.checkoutLatest();
    const rows = ((await this.table?.query().toArray()) ?? []) as readonly Record<string, unknown>[];
    return rows.map((row) => ({
      id: Number(row['id']),
      person: String(row['person']),
      at: new Date(Number(row['at'])),
      purposes: this.purposes,
      note: String(row['note']),
    }));
  }

  close(): Promise<void> {
    this.table?.close();
    this.connection.close();
    return Promise.resolve();
  }
}

function vectorOf({ id, person, at, note }: Signal) {
  // Bigints become 64-bit integers; plain numbers would become floats.
  return { id: BigInt(id), person, at: BigInt(at.getTime()), note, vector: [id % 7, id % 5] };
}
