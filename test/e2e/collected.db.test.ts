import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const minute = 60_000;

describe('a question about a signal of some age', () => {
  let system: TestSystem;
  let admin: Client;
  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    admin = await createTenant(system, 'collected');
    await system.startWorker();
    await admin.applyPolicy(`
purposes: { ads: { title: Ads, legalBasis: consent, validity: P1Y } }
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`);
  });
  afterAll(() => system.stop());

  const ago = (minutes: number) => new Date(Date.now() - minutes * minute).toISOString();
  const say = (value: string, action: string, occurredAt?: string) =>
    admin
      .post('/v1/consents', { subject: { type: 'email', value }, purpose: 'ads', action, occurredAt })
      .expect(201);
  const ask = async (value: string, collectedAt?: string) => {
    const question = { subject: { type: 'email', value }, purpose: 'ads', collectedAt };
    const one = await admin.post('/v1/decisions', question).expect(200);
    const many = await admin.post('/v1/decisions/batch', { questions: [question] }).expect(200);
    expect(many.body.decisions).toMatchObject([{ reason: one.body.reason as string }]);
    return one.body.reason as string;
  };

  it('is answered by what held when it was collected, and by what holds', async () => {
    await say('ann@example.org', 'grant', ago(30));
    await say('ann@example.org', 'withdraw', ago(20));
    expect(await ask('ann@example.org', ago(25))).toBe('consent.withdrawn');
    await say('ann@example.org', 'grant');
    expect(await ask('ann@example.org')).toBe('consent.given');
    expect(await ask('ann@example.org', ago(40))).toBe('collection.not_allowed');
    expect(await ask('ann@example.org', ago(25))).toBe('consent.given');
    expect(await ask('ann@example.org', ago(15))).toBe('collection.not_allowed');
    expect(await ask('ann@example.org', new Date(Date.now() + minute).toISOString())).toBe('consent.given');
  });

  it('knows of each of many people what held for them', async () => {
    const people = ['bea', 'cid', 'dot'].map((name) => `${name}@example.org`);
    for (const [index, person] of people.entries()) {
      await say(person, index === 1 ? 'refuse' : 'grant', ago(30));
      await say(person, 'grant');
    }
    const questions = people.map((value) => ({
      subject: { type: 'email', value },
      purpose: 'ads',
      collectedAt: ago(10),
    }));
    const { body } = await admin.post('/v1/decisions/batch', { questions }).expect(200);
    expect(body.decisions).toMatchObject([{ effect: 'allow' }, { effect: 'deny' }, { effect: 'allow' }]);
  });

  it('asks of those who became one person what each had said before, and what they said as one after', async () => {
    const refOf = async (value: string) =>
      (await admin.post('/v1/subjects', { subject: { type: 'email', value } })).body.subjectRef as string;
    const [own, old] = [await refOf('eve@example.org'), await refOf('eva@example.org')];
    await say('eve@example.org', 'grant', ago(30));
    await say('eva@example.org', 'refuse', ago(20));
    const merged = await admin.post(`/v1/subjects/${old}/merge`, { into: own });
    expect(merged.status).toBeLessThan(300);
    await say('eve@example.org', 'grant');
    const asOne = new Date().toISOString();
    await say('eve@example.org', 'renew');
    expect(await ask('eve@example.org', ago(25))).toBe('consent.given');
    expect(await ask('eve@example.org', ago(10))).toBe('collection.not_allowed');
    expect(await ask('eve@example.org', asOne)).toBe('consent.given');
  });

  it('names a moment', async () => {
    for (const collectedAt of ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', 5, null]) {
      const body = { subject: { type: 'email', value: 'ann@example.org' }, purpose: 'ads', collectedAt };
      const refused = await admin.post('/v1/decisions', body).expect(400);
      expect(refused.body.errors).toMatchObject([{ pointer: '/collectedAt' }]);
    }
  });
});
