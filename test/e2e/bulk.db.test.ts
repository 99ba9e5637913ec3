import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

type Line = Readonly<Record<string, unknown>>;
interface Exported {
  readonly subject: { readonly value: string };
  readonly action: string;
  readonly occurredAt: string;
  readonly expiresAt: string | null;
}

describe('consents in bulk', () => {
  let system: TestSystem;
  let admin: Client;
  let key: string;
  beforeAll(async () => {
    system = await startTestSystem();
    admin = await createTenant(system, 'bulk');
    await admin.applyPolicy(`
purposes:
  ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } }
  service: { title: Service, legalBasis: contract }
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`);
    key = String((await admin.post('/v1/keys', { role: 'service', name: 'importer' }).expect(201)).body.key);
  });
  afterAll(() => system.stop());

  const send = async (type: string, text: string | Buffer, idempotency?: string, status = 200) => {
    const request = supertest(system.api.getHttpServer())
      .post('/v1/consents/import')
      .set({ authorization: `Bearer ${key}`, 'content-type': type })
      .buffer(true)
      .parse((response, done) => {
        let whole = '';
        response.setEncoding('utf8').on('data', (part: string) => (whole += part));
        response.on('end', () => {
          done(null, whole);
        });
      });
    if (idempotency !== undefined) request.set('idempotency-key', idempotency);
    const { body } = (await request.send(text).expect(status)) as { body: string };
    return body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  };
  const row = (value: string, more: object = {}) =>
    JSON.stringify({ subject: { type: 'account_id', value }, purpose: 'ads', action: 'grant', ...more });
  const exported = async () => {
    const { text } = await admin
      .get('/v1/consents/export')
      .buffer(true)
      .parse((response, done) => {
        let whole = '';
        response.setEncoding('utf8').on('data', (part: string) => (whole += part));
        response.on('end', () => {
          done(null, whole);
        });
      })
      .expect(200)
      .then(({ body }) => ({ text: String(body) }));
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Exported);
  };
  const withoutTime = ({ occurredAt: _, ...others }: Exported) => others;

  it('are imported from NDJSON, and every row that is not says why', async () => {
    const lines = await send(
      'application/x-ndjson',
      [
        row('nd-1'),
        'not json',
        row('nd-2', { purpose: 'resale' }),
        '',
        row('nd-3', { force: true }),
        row('nd-4', { action: 'maybe' }),
        row('nd-5', { occurredAt: '2026-13-01' }),
        row('nd-6', { purpose: 'service' }),
        row('nd-7', { noticeVersion: 'v9' }),
        `${row('nd-8')}${' '.repeat(70_000)}`,
        row('nd-9', { action: 'refuse', language: 'en', occurredAt: '2026-01-01T00:00:00Z' }),
      ].join('\r\n'),
    );
    const rejected = lines.flatMap(({ rejected: one }) => (typeof one === 'object' ? [one as Line] : []));
    expect(rejected.map(({ line, code }) => [line, code])).toEqual([
      [2, 'row.invalid'],
      [3, 'purpose.unknown'],
      [5, 'row.invalid'],
      [6, 'row.invalid'],
      [7, 'row.invalid'],
      [8, 'consent.not_needed'],
      [9, 'notice.unknown'],
      [10, 'row.invalid'],
    ]);
    expect(lines.at(-1)).toEqual({ done: true, read: 10, recorded: 2, rejected: 8 });
    expect(JSON.stringify(lines)).not.toContain('nd-');
  });

  it('are imported from CSV, with the columns in any order', async () => {
    const lines = await send(
      'text/csv',
      '\ufeffpurpose,action,subject_type,subject_value,notice_version\nads,grant,account_id,"csv, 1",v1\nads,grant,account_id\nads,withdraw,account_id,csv-2,\nads,,account_id,csv-3,\n',
    );
    expect(lines.at(-1)).toMatchObject({ done: true, recorded: 2, rejected: 2 });
    const people = (await exported()).filter(({ subject }) => subject.value.startsWith('csv'));
    expect(people.map(({ subject, action }) => [subject.value, action]).sort()).toEqual([
      ['csv, 1', 'grant'],
      ['csv-2', 'withdraw'],
    ]);
  });

  it('are recorded once however often the file is sent, and what is exported can be imported', async () => {
    const file = Array.from({ length: 1_200 }, (_, index) => row(`many-${index}`)).join('\n');
    const first = await send('application/x-ndjson', file, 'file-1');
    expect(first.filter(({ progress }) => progress !== undefined).length).toBeGreaterThan(1);
    expect(first.at(-1)).toEqual({ done: true, read: 1_200, recorded: 1_200, rejected: 0 });
    const events = async () =>
      withClient(system.database.ownerUrl, async (client) => {
        const { rows } = await client.query<{ n: number }>('select count(*)::int as n from consent_events');
        return rows[0]!.n;
      });
    const before = await events();
    expect((await send('application/x-ndjson', file, 'file-1')).at(-1)).toMatchObject({ recorded: 1_200 });
    expect(await events()).toBe(before);
    const all = await exported();
    const again = all.map((one) => JSON.stringify(one)).join('\n');
    expect((await send('application/x-ndjson', again)).at(-1)).toMatchObject({
      recorded: all.length,
      rejected: 0,
    });
    expect((await exported()).map(withoutTime)).toEqual(all.map(withoutTime));
  });

  it('never hold longer after an export and an import than before', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    await send('application/x-ndjson', row('ends', { expiresAt: soon, validity: 'P1D' }));
    const ends = async () => (await exported()).find(({ subject }) => subject.value === 'ends');
    const before = await ends();
    expect(before?.expiresAt).toBe(`${soon.slice(0, 19)}.000Z`);
    await send('application/x-ndjson', JSON.stringify(before));
    expect(await ends()).toMatchObject({ expiresAt: before!.expiresAt });
    await send('application/x-ndjson', JSON.stringify({ ...before, expiresAt: '2026-01-01T00:00:00Z' }));
    const subject = { type: 'account_id', value: 'ends' };
    const { body } = await admin.post('/v1/decisions', { subject, purpose: 'ads' }).expect(200);
    expect(body).toMatchObject({ effect: 'deny', reason: 'consent.expired' });
  });

  it('break off, and say where, when a file cannot be read on; what came before it stays', async () => {
    const head = 'subject_type,subject_value,purpose,action\n';
    const rows = Array.from({ length: 1_500 }, (_, index) => `account_id,open-${index},ads,grant\n`).join('');
    const lines = await send('text/csv', `${head}${rows}account_id,"open,ads,grant\n${rows.repeat(5)}`);
    expect(lines.at(-1)).toMatchObject({ done: false, code: 'file.malformed' });
    expect(lines.at(-1)!['message']).toMatch(/^after line 1501, .*a quote in it is not closed$/);
    const known = (await exported()).filter(({ subject }) => subject.value.startsWith('open'));
    expect(known.length).toBeLessThanOrEqual(1_500);
    expect(known.every(({ subject }) => /^open-\d+$/.test(subject.value))).toBe(true);
    expect((await send('text/csv', 'account_id,a,ads,grant\n')).at(-1)).toMatchObject({
      done: false,
      code: 'file.malformed',
    });
  });

  it('are taken as a file of the two kinds alone, at this place alone', async () => {
    await send('application/json', '{}', undefined, 400);
    await send('text/plain', row('x'), undefined, 415);
    await supertest(system.api.getHttpServer())
      .post('/v1/consents')
      .set({ authorization: `Bearer ${key}`, 'content-type': 'text/csv' })
      .send('a,b')
      .expect(415);
    expect((await send('application/x-ndjson', '')).at(-1)).toEqual({
      done: true,
      read: 0,
      recorded: 0,
      rejected: 0,
    });
  });
});
