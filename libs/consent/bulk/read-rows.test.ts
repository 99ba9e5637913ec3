import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readRows, type ReadRow, type RowFormat } from './read-rows.js';

const header = 'subject_type,subject_value,purpose,action';
const csv = (...lines: readonly string[]) => `${[header, ...lines].join('\n')}\n`;

/** Reads a text that arrives in pieces of so many bytes; the error takes the place of what could not be read. */
async function read(text: string, format: RowFormat, piece = 7): Promise<readonly unknown[]> {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, index) =>
    bytes.subarray(index * piece, (index + 1) * piece),
  );
  const rows: unknown[] = [];
  try {
    for await (const row of readRows(Readable.from(pieces), format)) rows.push(brief(row));
  } catch (error) {
    rows.push(String(error));
  }
  return rows;
}

function brief(read: ReadRow): readonly unknown[] {
  return 'row' in read ? [read.line, read.row.subject.value] : [read.line, read.fault.message];
}

describe('rows of a CSV', () => {
  it('are read whatever the pieces they arrive in, with the lines they end in', async () => {
    const text = csv('id,a,ads,grant', '', 'id,"b, ""c""\nd",ads,grant', 'id,é,ads,grant');
    for (const piece of [1, 2, 3, 64, 10_000])
      expect(await read(text, 'csv', piece)).toEqual([
        [2, 'a'],
        [5, 'b, "c"\nd'],
        [6, 'é'],
      ]);
  });

  it('of other lengths than the header are answered as such, and the next is read', async () => {
    expect(await read(csv('id,a', 'id,b,ads,grant', 'id,c,ads,grant,,'), 'csv')).toEqual([
      [2, 'has not as many fields as the header'],
      [3, 'b'],
      [4, 'has not as many fields as the header'],
    ]);
  });

  it('name somebody', async () => {
    expect(await read(csv('id,,ads,grant', 'id,b,ads,grant'), 'csv')).toEqual([
      [2, 'must not be empty'],
      [3, 'b'],
    ]);
  });

  it.each([
    ['id,"b,ads,grant\nid,c,ads,grant', 'a quote is not closed'],
    ['id,"b"x,ads,grant\nid,c,ads,grant', 'a quote stands where none can'],
    ['id,b"x,ads,grant\nid,c,ads,grant', 'a quote stands where none can'],
    [`id,"b${'\nid,c,ads,grant'.repeat(10_000)}`, 'a quote in it is not closed'],
  ])('end at a quote that makes it unclear what a row is: %.20j', async (rows, fault) => {
    for (const piece of [1_000, 10_000_000]) {
      const found = await read(csv('id,a,ads,grant', rows), 'csv', piece);
      expect(found.at(-1)).toMatch(/after line 2, /);
      expect(found.at(-1)).toContain(fault);
      expect(found.slice(0, -1).every((row) => JSON.stringify(row) === '[2,"a"]')).toBe(true);
    }
  });

  it.each([
    ['account_id,a,ads,grant', 'names no column subject_type, subject_value, purpose, action'],
    ['subject_type,subject_value,purpose', 'names no column action'],
    [`${header},purpose`, 'names a column twice'],
  ])('need a header: %j', async (first, fault) => {
    expect(await read(`${first}\nid,a,ads,grant\n`, 'csv')).toEqual([expect.stringContaining(fault)]);
  });
});

describe('rows of NDJSON', () => {
  it('are read whatever the pieces they arrive in; what is none is answered as such', async () => {
    const row = (value: string, more: object = {}) =>
      JSON.stringify({ subject: { type: 'id', value }, purpose: 'ads', action: 'grant', ...more });
    const text = [row('a'), '', '{', row('é', { expiresAt: null }), row('x', { action: 'expire' })].join(
      '\n',
    );
    for (const piece of [1, 2, 3, 10_000])
      expect(await read(text, 'ndjson', piece)).toEqual([
        [1, 'a'],
        [3, 'is not JSON'],
        [4, 'é'],
        [5, expect.stringContaining('cannot be said')],
      ]);
  });
});

describe.each(['ndjson', 'csv'] as const)('a source of %s that breaks off', (format) => {
  it('ends the reading, and its last half of a row is none', async () => {
    const source = new Readable({ read: () => undefined });
    source.push(format === 'csv' ? csv('id,a,ads,gr').trimEnd() : '{"subject":');
    const reading = (async () => {
      for await (const row of readRows(source, format)) throw new Error(`read ${JSON.stringify(row)}`);
    })();
    setImmediate(() => source.destroy(new Error('aborted')));
    await expect(reading).rejects.toThrow('aborted');
  });
});
