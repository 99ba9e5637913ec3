import { describe, expect, it } from 'vitest';
import { formatOf } from './row-format.js';

describe('what a file holds', () => {
  it.each([
    ['a.ndjson', undefined, 'ndjson'],
    ['a.b/c.JSONL', undefined, 'ndjson'],
    ['a.csv', undefined, 'csv'],
    ['A.CSV', undefined, 'csv'],
    ['a.csv', 'ndjson', 'ndjson'],
    ['-', 'csv', 'csv'],
    ['-', undefined, undefined],
    ['csv', undefined, undefined],
    ['a.csv.gz', undefined, undefined],
    ['a.json', undefined, undefined],
  ] as const)('%s, said to be %s: %s', (file, said, format) => {
    expect(formatOf(file, said)).toBe(format);
  });
});
