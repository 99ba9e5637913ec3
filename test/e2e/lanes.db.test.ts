import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { issueKeys } from './callers.js';
import { createTenant, startTestSystem, type TestSystem } from './system.js';

const reason = 'the database is being moved';
const policy = `
purposes: { ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } } }
retention: { rest: { keep: P1Y } }
lanes: { rows: { rowsPerSecond: 1000, concurrency: 2 } }
`;
const dataMap = (url: string) => `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: shop.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
`;

describe('a store that is paused over HTTP', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startTestSystem();
  });
  afterAll(() => system.stop());

  it('keeps its rows while requests wait, says so, and is worked off when it is resumed', async () => {
    const owner = (text: string) =>
      withClient(
        system.database.ownerUrl,
        async (client) => (await client.query<Record<string, unknown>>(text)).rows,
      );
    await owner('create schema shop');
    await owner('create table shop.clicks (person text, at timestamptz)');
    await owner(`insert into shop.clicks values ('ann@example.org', now() - interval '1 day')`);
    const admin = await createTenant(system, 'acme');
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl)).expect(200);
    await admin.until('/v1/stores', (list: { state: string }[]) =>
      list.every(({ state }) => state === 'ready'),
    );
    await admin.applyPolicy(policy);

    const { body: before } = await admin.get('/v1/stores').expect(200);
    expect(before).toMatchObject([
      { pause: null, circuit: { state: 'closed', openedAt: null, error: null, nextTry: null } },
    ]);
    await admin.post('/v1/stores/rows/resume', {}).expect(409);
    await admin.post('/v1/stores/rows/pause', { reason: 'short' }).expect(400);
    await admin.post('/v1/stores/nowhere/pause', { reason }).expect(404);

    const { body: paused } = await admin.post('/v1/stores/rows/pause', { reason }).expect(200);
    expect(paused).toMatchObject({ pause: { state: 'paused', reason }, inFlight: [] });
    const subject = { type: 'email', value: 'ann@example.org' };
    const { body: filed } = await admin.post('/v1/requests', { kind: 'deletion', subject }).expect(202);
    const request = `/v1/requests/${String(filed.id)}`;
    await admin.until(request, ({ state }: { state: string }) => state === 'running');
    const keys = await issueKeys(admin);
    const auditor = system.as(keys.get('auditor')!['authorization']!.slice('Bearer '.length));
    const { body: seen } = await auditor.get('/v1/stores').expect(200);
    expect(seen).toMatchObject([{ name: 'rows', pause: { state: 'paused', reason } }]);
    expect(await owner('select person from shop.clicks')).toHaveLength(1);

    const { body: draining } = await admin.post('/v1/stores/rows/pause', { reason, drain: true }).expect(200);
    expect(draining).toMatchObject({ pause: { state: 'draining' } });
    const { body: resumed } = await admin.post('/v1/stores/rows/resume', {}).expect(200);
    expect(resumed).toMatchObject({ pause: null });
    await admin.until(request, ({ state }: { state: string }) => state === 'completed');
    expect(await owner('select person from shop.clicks')).toEqual([]);
  });
});
