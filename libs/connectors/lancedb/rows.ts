import type { Query } from '@lancedb/lancedb';
import type { Dataset, WantedKey } from '#connector-kit';
import { DependencyError } from '#kernel';
import { quoteName } from './predicates.js';
import { translated } from './tables.js';

/** What the connector needs of a row: whose it is, and its age in the unit of its form (milliseconds for timestamps). */
interface KeyedRow {
  readonly key: string | null;
  readonly collected: number | bigint | null;
}

/**
 * Streams the rows of a query, a batch at a time. A text key comes behind a full stop, which is taken off here: the Arrow
 * reader drops a byte order mark from the start of a text, and so would make two people one.
 */
export async function* keyedRows(
  query: Query,
  dataset: Dataset,
  signal: AbortSignal,
): AsyncGenerator<readonly KeyedRow[]> {
  const { subjectKey, collectedAt } = dataset;
  const key = quoteName(subjectKey.field);
  const selected = query.select({
    key: subjectKey.form === 'text' ? `'.' || ${key}` : key,
    moment: quoteName(collectedAt.field),
  });
  const batches = selected[Symbol.asyncIterator]();
  for (;;) {
    assertRunning(signal);
    const next = await translated(() => batches.next());
    if (next.done === true) return;
    const batch = next.value;
    const keys = batch.getChild('key');
    const moments = batch.getChild('moment');
    yield Array.from({ length: batch.numRows }, (_, index) => ({
      key: textOf(keys?.get(index)),
      collected: numberOf(moments?.get(index)),
    }));
  }
}

/** How many rows are whose, by place in the call: of people asked for, those not collected after their moment. */
export class Tally {
  readonly rows = new Map<number, number>();
  private readonly people = new Map<string, WantedKey[]>();

  constructor(
    private readonly dataset: Dataset,
    wanted: readonly WantedKey[],
  ) {
    for (const one of wanted) {
      const same = this.people.get(one.key);
      if (same === undefined) this.people.set(one.key, [one]);
      else same.push(one);
    }
  }

  add(row: KeyedRow): void {
    if (row.key === null) return;
    for (const { index, asOf } of this.people.get(row.key) ?? []) {
      if (row.collected === null || row.collected <= this.latest(asOf)) {
        this.rows.set(index, (this.rows.get(index) ?? 0) + 1);
      }
    }
  }

  private latest(asOf: Date): number {
    return this.dataset.collectedAt.form === 'epoch_seconds' ? asOf.getTime() / 1_000 : asOf.getTime();
  }
}

export function assertRunning(signal: AbortSignal): void {
  if (signal.aborted) throw new DependencyError('timeout', 'the call was aborted');
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value.slice(1);
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}

function numberOf(value: unknown): number | bigint | null {
  return typeof value === 'number' || typeof value === 'bigint' ? value : null;
}
