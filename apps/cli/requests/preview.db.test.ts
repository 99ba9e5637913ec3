import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { createTenant, startTestSystem, type Client, type TestSystem } from '../../../test/e2e/system.js';
import type { Output } from '../output.js';
import { plain } from '../paint.js';
import { runPreview } from './preview.js';
import { RequestsApi } from './requests-api.js';

const policy = `
purposes: { ads: { title: Ads, legalBasis: consent } }
retention: { rest: { keep: indefinitely, reason: Nothing is swept here. } }
erasure: { everything: {} }
`;

function dataMap(url: string): string {
  const dataset = (name: string) => `
      ${name}:
        location: cli.${name}
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]`;
  return `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:${dataset('clicks')}
        fields: { person: { category: user.unique_id }, at: { category: user.behavior } }${dataset('bills')}
        fields:
          person: { category: user.unique_id, rule: { keep: { basis: legal_obligation } } }
          at: { category: user.behavior, rule: { keep: { basis: legal_obligation } } }
`;
}

describe('lethe requests preview', () => {
  let system: TestSystem;
  let admin: Client;
  let api: RequestsApi;
  let folder: string;
  let said: string[];

  beforeAll(async () => {
    system = await startTestSystem();
    await system.api.listen(0, '127.0.0.1');
    admin = await createTenant(system, 'acme');
    await withClient(system.database.ownerUrl, async (client) => {
      for (const table of ['clicks', 'bills'])
        await client.query(
          `create schema if not exists cli; create table cli.${table} (person text, at timestamptz);
           insert into cli.${table} select 'canary.' || n % 3 || '@people.example', now() - interval '1 day' from generate_series(1, 9) n`,
        );
    });
    await admin.applyPolicy(policy);
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl)).expect(200);
    const { body } = await admin.post('/v1/keys', { role: 'privacy_officer', name: 'o' }).expect(201);
    api = await RequestsApi.open({ url: await system.api.getUrl(), key: String(body.key) });
    folder = mkdtempSync(join(tmpdir(), 'lethe preview '));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await system.stop();
  });
  beforeEach(() => {
    said = [];
  });

  const output = (more: Partial<Output> = {}): Output => ({
    say: (line) => said.push(...line.split('\n')),
    paint: plain,
    json: undefined,
    progress: () => undefined,
    ask: undefined,
    ...more,
  });
  const run = (...people: readonly string[]) => runPreview(api, { people, timeout: 20 }, output());
  const at = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('shows in a table what would go and what would stay, of people named there and in files', async () => {
    const file = at(
      'people',
      '{"type":"email","value":"canary.1@people.example"}\n\nemail:nobody@people.example\n',
    );
    expect(await run('email:canary.0@people.example', file)).toBe(0);
    expect(said[0]).toMatch(/^A deletion of 3 people: what was collected up to 20/);
    const rows = said.map((line) => line.replaceAll(/\s+/g, ' '));
    expect(rows).toContain('│ rows │ clicks │ erase │ 3 │ 2 │ 6 │ │');
    expect(rows).toContain('│ rows │ bills │ retained │ 3 │ 2 │ 6 │ legal_obligation │');
    expect(said.at(-1)).toBe('6 rows would be erased; 0 are held, 6 retained, and 0 cannot be erased.');
    expect(said.join()).not.toContain('canary');
  });

  it('prints one document with --json, and exits with 1 where a store cannot be counted', async () => {
    const printed: unknown[] = [];
    await withClient(system.database.ownerUrl, (client) =>
      client.query('alter table cli.clicks rename to gone'),
    );
    const asJson = output({ json: (value) => printed.push(value) });
    const asked = { people: ['email:canary.0@people.example'], timeout: 20 };
    expect(await runPreview(api, asked, asJson)).toBe(1);
    expect(printed).toMatchObject([{ state: 'failed', totals: { erase: null, retained: 3, exact: false } }]);
    expect(await run(...asked.people)).toBe(1);
    expect(said.join('\n')).toMatch(/│ +\? │ could not be counted: invalid_config/);
    expect(said.at(-1)).toBe('Not everything could be counted: look at the stores, and ask again.');
    await withClient(system.database.ownerUrl, (client) =>
      client.query('alter table cli.gone rename to clicks'),
    );
  });

  it.each([
    ['a file that is not there', () => ['nowhere.txt'], 'file.unreadable'],
    [
      'a line that names nobody, unquoted',
      () => [at('bad', 'email:a@b.example\ncanary is here')],
      'subjects.unreadable',
    ],
    ['an empty file', () => [at('empty', '\n')], 'subjects.none'],
    [
      'more than a thousand people',
      () => [at('many', 'email:a@b.example\n'.repeat(1_001))],
      'subjects.too_many',
    ],
  ])('refuses %s', async (_, people, code) => {
    const error = await run(...people()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('canary');
  });

  it('names nobody in a log, a job, an entry or a row that stays', async () => {
    await run('email:canary.2@people.example');
    const { rows } = await withClient(system.database.ownerUrl, (client) =>
      client.query('select to_jsonb(p) as row from request_previews p'),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain('canary');
    expect(system.logs()).not.toContain('canary');
  });
});
