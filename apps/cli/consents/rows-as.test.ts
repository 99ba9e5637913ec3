import { describe, expect, it } from 'vitest';
import { rowsAs } from './rows-as.js';

const row = (value: string, more: object = {}) =>
  `${JSON.stringify({
    subject: { type: 'account_id', value },
    purpose: 'ads',
    action: 'grant',
    noticeVersion: null,
    occurredAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    ...more,
  })}\n`;

async function written(format: 'ndjson' | 'csv', text: string, fault?: Error) {
  const bytes = Buffer.from(text);
  async function* exported() {
    for (let at = 0; at < bytes.length; at += 11) yield bytes.subarray(at, at + 11);
    await Promise.resolve();
    if (fault !== undefined) throw fault;
  }
  const tally = { rows: 0, bytes: 0 };
  let whole = '';
  for await (const chunk of rowsAs(format, exported(), tally, () => undefined))
    whole += Buffer.from(chunk).toString('utf8');
  return { whole, ...tally };
}

describe('what is exported', () => {
  it('goes on as it came, counted', async () => {
    const text = row('é') + row('b');
    expect(await written('ndjson', text)).toEqual({ whole: text, rows: 2, bytes: Buffer.byteLength(text) });
    expect(await written('ndjson', '')).toEqual({ whole: '', rows: 0, bytes: 0 });
  });

  it('becomes a CSV that an import takes, whatever is in it', async () => {
    const text = row('a, "b"\nc', { noticeVersion: 'v1', expiresAt: '2027-01-01T00:00:00.000Z' }) + row('');
    const { whole, rows, bytes } = await written('csv', text);
    expect(whole).toBe(
      'subject_type,subject_value,purpose,action,notice_version,occurred_at,expires_at\n' +
        'account_id,"a, ""b""\nc",ads,grant,v1,2026-01-01T00:00:00.000Z,2027-01-01T00:00:00.000Z\n' +
        'account_id,,ads,grant,,2026-01-01T00:00:00.000Z,\n',
    );
    expect({ rows, bytes }).toEqual({ rows: 2, bytes: Buffer.byteLength(whole) });
    expect((await written('csv', '')).whole).toMatch(/^subject_type,[a-z_,]*\n$/);
  });

  it.each(['ndjson', 'csv'] as const)('fails as %s when it breaks off', async (format) => {
    await expect(written(format, row('a'), new Error('cut'))).rejects.toThrow('cut');
  });
});
