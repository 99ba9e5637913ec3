import { DomainError } from '#kernel';

export type RowFormat = 'ndjson' | 'csv';

/** What a file holds: as it was said, or as its name ends; undefined where neither tells. */
export function formatOf(file: string, said: RowFormat | undefined): RowFormat | undefined {
  if (said !== undefined) return said;
  const [, ending] = /\.(ndjson|jsonl|csv)$/i.exec(file) ?? [];
  if (ending === undefined) return undefined;
  return ending.toLowerCase() === 'csv' ? 'csv' : 'ndjson';
}

export function unknownFormat(name: string): DomainError {
  return new DomainError(
    'invalid',
    'file.unknown_format',
    `whether ${name} is NDJSON or CSV cannot be told by its name: give --format ndjson or --format csv`,
  );
}
