import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyFile } from '#ledger';
import { withClient } from '#testing';
import { issueKeys } from './callers.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const canary = 'canary.person@example.org';
const person = { type: 'email', value: canary };
const reason = 'the table was taken down for good';

const policyOf = (quiet: string) => `
purposes: { ads: { title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } } }
retention: { old: { keep: P1Y } }
readBack: { after: ${quiet} }
`;
const dataMap = (url: string, schema: string) => `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: ${schema}.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
`;

interface Listed {
  readonly id: string;
  readonly error: string | null;
  readonly succeeds: string | null;
}

describe('the end of an erasure', () => {
  let system: TestSystem;
  let tenants = 0;

  beforeAll(async () => {
    system = await startTestSystem();
  });
  afterAll(() => system.stop());

  const query = (text: string, values: readonly unknown[] = []) =>
    withClient(
      system.database.ownerUrl,
      async (client) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
    );

  async function inhabited(quiet: string) {
    const slug = `ends${tenants++}`;
    const admin = await createTenant(system, slug);
    await query(`create schema ${slug}`);
    await query(`create table ${slug}.clicks (person text, at timestamptz)`);
    await query(`insert into ${slug}.clicks values ($1, now() - interval '1 day')`, [canary]);
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl, slug)).expect(200);
    await admin.until('/v1/stores', (list: { state: string }[]) =>
      list.every(({ state }) => state === 'ready'),
    );
    await admin.applyPolicy(policyOf(quiet));
    return { admin, slug };
  }
  const erase = async (admin: Client) => {
    const { body } = await admin.post('/v1/requests', { kind: 'deletion', subject: person }).expect(202);
    return (body as { id: string }).id;
  };
  const ends = (admin: Client, id: string, state: string) =>
    admin.until(`/v1/requests/${id}`, (request: { state: string }) => request.state === state);
  const letters = async (admin: Client) =>
    (await admin.get('/v1/obligations?state=dead_letter').expect(200)).body as readonly Listed[];

  it('is read back by itself after the quiet period; what a slow writer brought back goes, and every receipt verifies', async () => {
    const { admin, slug } = await inhabited('PT3S');
    const id = await erase(admin);
    await ends(admin, id, 'completed');
    await query(
      `insert into ${slug}.clicks values ($1, now() - interval '1 hour'), ($1, now() + interval '1 hour')`,
      [canary],
    );
    type Receipt = { document: { parts: { confirmedAt: string | null; cameBackAt: string | null }[] } };
    await admin.until(`/v1/requests/${id}/receipt`, ({ document }: Receipt) =>
      document.parts.every(({ cameBackAt }) => cameBackAt !== null),
    );
    const receipt = await admin.until(`/v1/requests/${id}/receipt`, ({ document }: Receipt) =>
      document.parts.every(({ confirmedAt }) => confirmedAt !== null),
    );
    expect(receipt).toMatchObject({
      document: {
        state: 'completed',
        parts: [{ outcome: 'erased', cameBackAt: expect.any(String) as string }],
      },
    });
    expect((await verifyFile(JSON.stringify(receipt), admin.verifierKey)).ok).toBe(true);
    expect(await query(`select at > now() as later from ${slug}.clicks`)).toEqual([{ later: true }]);
    expect(
      await query('select 1 from obligations where tenant_id = $1 and sealed_key is not null', [admin.id]),
    ).toEqual([]);
    const { text } = await admin.get('/v1/feed?limit=1000').expect(200);
    expect(text).toContain('obligation.read_back');
    for (const seen of [text, system.logs()]) expect(seen).not.toContain(canary);
  }, 60_000);

  it('that failed is listed, retried once the cause is removed, and refused a second time', async () => {
    const { admin, slug } = await inhabited('P1D');
    await query(`alter table ${slug}.clicks rename to hidden`);
    const id = await erase(admin);
    await ends(admin, id, 'partially_completed');
    const [letter, ...more] = await letters(admin);
    expect(more).toEqual([]);
    expect(letter).toMatchObject({
      dataset: 'clicks',
      attempts: 1,
      error: 'invalid_config',
      retriedAt: null,
    });
    const auditor = system.as((await issueKeys(admin)).get('auditor')!['authorization']!.slice(7));
    const { body: shown } = await auditor.get('/v1/obligations?outcome=failed&store=rows').expect(200);
    expect(shown).toMatchObject([{ id: letter!.id, error: 'invalid_config' }]);
    expect(JSON.stringify(shown)).not.toContain('subjectRef');
    await auditor.post(`/v1/obligations/${letter!.id}/retry`, {}).expect(403);
    await admin.post('/v1/obligations/retry', {}).expect(400);
    await query(`alter table ${slug}.hidden rename to clicks`);
    const { body } = await admin
      .post('/v1/obligations/retry', { store: 'rows', error: 'invalid_config' })
      .expect(202);
    expect(body).toEqual({ retried: 1, more: false });
    await ends(admin, id, 'completed');
    expect(await query(`select * from ${slug}.clicks`)).toEqual([]);
    const again = await admin.post(`/v1/obligations/${letter!.id}/retry`, {}).expect(409);
    expect(again.body).toMatchObject({ code: 'obligation.retried' });
    expect(await letters(admin)).toEqual([]);
  }, 60_000);

  it('that failed can be given up with a reason, and then not retried', async () => {
    const { admin, slug } = await inhabited('P1D');
    await query(`drop table ${slug}.clicks`);
    const id = await erase(admin);
    await ends(admin, id, 'partially_completed');
    const [letter] = await letters(admin);
    await admin.post(`/v1/obligations/${letter!.id}/close`, { reason: 'no' }).expect(400);
    const { body } = await admin.post(`/v1/obligations/${letter!.id}/close`, { reason }).expect(200);
    expect(body).toMatchObject({ id: letter!.id, closeReason: reason });
    for (const path of ['retry', 'close']) {
      const refused = await admin.post(`/v1/obligations/${letter!.id}/${path}`, { reason }).expect(409);
      expect(refused.body).toMatchObject({ code: 'obligation.closed' });
    }
    expect(
      await query('select 1 from obligations where tenant_id = $1 and sealed_key is not null', [admin.id]),
    ).toEqual([]);
  }, 60_000);
});
