import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { createTenant, startTestSystem, type TestSystem } from './system.js';

const policy = `
purposes: { ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } } }
retention: { rest: { keep: P1Y } }
`;
const store = (region: string, url: string) => `
  ${region}:
    type: postgres
    region: ${region}
    settings: { url: ${JSON.stringify(`${url}${url.includes('?') ? '&' : '?'}application_name=${region}`)} }
    datasets:
      clicks:
        location: ${region}.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
`;

describe('workers of two regions', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
  });
  afterAll(() => system.stop());

  it('do the work of their own stores, and pass on what comes to the wrong one', async () => {
    const owner = (text: string) =>
      withClient(
        system.database.ownerUrl,
        async (client) => (await client.query<Record<string, unknown>>(text)).rows,
      );
    for (const region of ['eu', 'us']) {
      await owner(`create schema ${region}`);
      await owner(`create table ${region}.clicks (person text, at timestamptz)`);
      await owner(`insert into ${region}.clicks values ('ann@example.org', now() - interval '1 day')`);
    }
    const admin = await createTenant(system, 'acme');
    const { ownerUrl } = system.database;
    await admin.put('/v1/data-map', `stores:${store('eu', ownerUrl)}${store('us', ownerUrl)}`).expect(200);
    await system.startWorker(['eu']);
    type Stores = { name: string; state: string }[];
    await admin.until('/v1/stores', (list: Stores) =>
      list.some(({ name, state }) => name === 'eu' && state === 'ready'),
    );
    // Nobody has looked at the other one, and nobody says anything about it.
    expect((await admin.get('/v1/stores')).body).toMatchObject([{ name: 'eu' }, { state: 'unchecked' }]);
    await system.startWorker(['us']);
    await admin.until('/v1/stores', (list: Stores) => list.every(({ state }) => state === 'ready'));
    await admin.applyPolicy(policy);
    for (let round = 0; round < 3; round++) {
      const subject = { type: 'email', value: round === 0 ? 'ann@example.org' : `p${round}@example.org` };
      const { body: filed } = await admin.post('/v1/requests', { kind: 'deletion', subject }).expect(202);
      const request = `/v1/requests/${String(filed.id)}`;
      await admin.until(request, ({ state }: { state: string }) => state === 'completed');
    }
    for (const region of ['eu', 'us']) expect(await owner(`select * from ${region}.clicks`)).toEqual([]);
    expect(system.logs()).toContain('a job is passed on');
  });
});
