import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LetheClient, type FollowedReplica } from '#client';
import { randomFrom, oneOf } from '../../bench/random.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';
import { openWay, type Way } from './way.js';

const policyOf = (ads: string) => `
jurisdictions:
  us: { title: United States }
purposes:
  ads: ${ads}
  letters: { title: Letters, legalBasis: consent, within: ads }
  ranking: { title: Ranking, legalBasis: consent, honoursOptOutSignal: true, bases: { us: legitimate_interest } }
  service: { title: Service, legalBasis: contract }
erasure:
  everything: { then: purge }
retention:
  everything: { keep: indefinitely, reason: A test. }
`;
const first = policyOf('{ title: Ads, legalBasis: consent, notice: { version: v1, text: Ads. } }');
const purposes = ['ads', 'letters', 'ranking', 'service', 'none'] as const;
const actions = ['grant', 'refuse', 'withdraw', 'object', 'renew', 'invalidate'] as const;

describe('an in-process replica', () => {
  let system: TestSystem;
  let admin: Client & { readonly id: string };
  let key: string;
  let url: string;
  let way: Way;
  const open: FollowedReplica[] = [];

  beforeAll(async () => {
    system = await startTestSystem();
    await system.api.listen(0, '127.0.0.1');
    url = await system.api.getUrl();
    way = await openWay(url);
    admin = await createTenant(system, 'replicated');
    await admin.applyPolicy(first);
    key = String(
      (await admin.post('/v1/keys', { role: 'personalisation', name: 'ranker' }).expect(201)).body.key,
    );
    for (let index = 0; index < 20; index += 1) await say(index, 'ads', 'grant');
  });
  afterAll(async () => {
    for (const replica of open) replica.close();
    way.close();
    await system.stop();
  });

  const person = (index: number) => ({ type: 'email', value: `Person-${index}@Example.org ` });
  const say = async (index: number, purpose: string, action: string, more: object = {}) => {
    const subject = { ...person(index), value: person(index).value.trim() };
    const sent = await admin.post('/v1/consents', { subject, purpose, action, ...more });
    return sent.status === 201 ? String(sent.body.revision) : undefined;
  };
  const replicaOf = async (options: Parameters<LetheClient['replica']>[0] = {}, through = url) => {
    const replica = await new LetheClient({ url: through, key }).replica({
      everyMs: 10,
      boundMs: 2_000,
      ...options,
    });
    open.push(replica);
    return replica;
  };
  const knows = (replica: FollowedReplica, revision: string) =>
    expect
      .poll(() => Number(replica.revision?.split('.')[1]))
      .toBeGreaterThanOrEqual(Number(revision.split('.')[1]));

  it('answers what the API answers, for everybody and while they change their minds', async () => {
    const replica = await replicaOf();
    const random = randomFrom(7);
    let last = '1.0';
    for (let change = 0; change < 120; change += 1) {
      const index = Math.floor(random() * 30);
      const more =
        random() < 0.3 ? { validity: 'PT1H', occurredAt: new Date(Date.now() - random() * 7_200_000) } : {};
      last = (await say(index, oneOf(purposes.slice(0, 3), random), oneOf(actions, random), more)) ?? last;
    }
    await knows(replica, last);
    const context = { revision: last };
    for (const jurisdiction of [undefined, 'us', 'mars'])
      for (const globalPrivacyControl of [false, true])
        for (const purpose of purposes) {
          const questions = Array.from({ length: 32 }, (_, index) => ({
            subject: person(index),
            purpose,
            jurisdiction,
          }));
          const { body } = await admin
            .post('/v1/decisions/batch', { questions, ...context, globalPrivacyControl, detail: 'reason' })
            .expect(200);
          const answers = questions.map(({ subject }) =>
            replica.may(subject, purpose, {
              revision: last,
              optOutSignal: globalPrivacyControl,
              ...(jurisdiction === undefined ? {} : { jurisdiction }),
            }),
          );
          expect(answers).toEqual(body.decisions);
        }
    expect(replica.size.identifiers).toBeGreaterThan(19);
  });

  it('never allows after a withdrawal for who holds its token, however fresh it is', async () => {
    const replica = await replicaOf({ everyMs: 500 });
    for (let round = 0; round < 5; round += 1) {
      await say(1, 'ranking', 'grant');
      const revision = (await say(1, 'ranking', 'withdraw'))!;
      expect(replica.may(person(1), 'ranking', { revision }).effect).toBe('deny');
      await knows(replica, revision);
      expect(replica.may(person(1), 'ranking', { revision })).toEqual({
        effect: 'deny',
        reason: 'consent.withdrawn',
      });
    }
    for (const revision of ['1.999999', '2.1', 'x', ''])
      expect(replica.allows(person(1), 'service', { revision })).toBe(false);
  });

  it('takes in registrations, erasures, and who comes back', async () => {
    const replica = await replicaOf();
    const ask = (index: number) => () => replica.may(person(index), 'service').reason;
    expect(ask(77)()).toBe('subject.unknown');
    await admin.post('/v1/subjects', { subject: person(77) }).expect(201);
    await expect.poll(ask(77)).toBe('basis.declared');
    const { body } = await admin.post('/v1/requests', { kind: 'deletion', subject: person(77) }).expect(202);
    await expect.poll(ask(77)).toBe('subject.suppressed');
    await admin.until(
      `/v1/requests/${String(body.id)}`,
      ({ state }: { state: string }) => state === 'completed',
    );
    const other = await replicaOf();
    expect(other.may(person(77), 'service').reason).toBe('subject.suppressed');
    await admin.post('/v1/subjects', { subject: person(77) }).expect(201);
    await expect.poll(ask(77)).toBe('basis.declared');
  });

  it('decides by a new policy, also when its purposes and notices are others', async () => {
    const replica = await replicaOf();
    await say(2, 'ads', 'grant', { noticeVersion: 'v1' });
    const ask = (purpose: string) => () => replica.may(person(2), purpose).reason;
    await expect.poll(ask('ads')).toBe('consent.given');
    await admin.applyPolicy(
      policyOf('{ title: Ads, legalBasis: consent, notice: { version: v2, text: More., asksAgain: true } }'),
    );
    await expect.poll(ask('ads')).toBe('consent.notice_changed');
    await say(2, 'ads', 'grant');
    await expect.poll(ask('ads')).toBe('consent.given');
    await admin.applyPolicy(
      first.replace('purposes:', 'purposes:\n  added: { title: Added, legalBasis: contract }'),
    );
    await expect.poll(ask('added')).toBe('basis.declared');
    expect(ask('ads')()).toBe('consent.given');
    expect(ask('service')()).toBe('basis.declared');
  });

  it('denies within its bound when it is cut off, and answers again when it is not', async () => {
    const errors: unknown[] = [];
    const replica = await replicaOf(
      { boundMs: 150, everyMs: 10, onError: (error) => errors.push(error) },
      way.url,
    );
    await expect.poll(() => replica.may(person(3), 'service').effect).toBe('allow');
    way.cutAfter = 0;
    await expect.poll(() => replica.age).toBeGreaterThan(150);
    expect(replica.may(person(3), 'service')).toEqual({ effect: 'deny', reason: 'replica.stale' });
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    way.cutAfter = Number.POSITIVE_INFINITY;
    await expect.poll(() => replica.may(person(3), 'service').effect).toBe('allow');
    replica.close();
    expect(replica.may(person(3), 'service').reason).toBe('replica.stale');
  });

  it('knows the people of its shard alone, and all shards together know everybody once', async () => {
    const shards = await Promise.all([0, 1, 2].map((index) => replicaOf({ shard: `${index}/3` })));
    const whole = await replicaOf();
    const known = (replica: FollowedReplica, index: number) =>
      replica.may(person(index), 'service').reason !== 'subject.unknown';
    for (let index = 0; index < 30; index += 1)
      expect(shards.filter((shard) => known(shard, index))).toHaveLength(known(whole, index) ? 1 : 0);
    expect(shards.every((shard) => shard.size.identifiers < whole.size.identifiers)).toBe(true);
  });

  it('is for services alone, and for no key that is kept to some purposes', async () => {
    const narrow = { role: 'personalisation', name: 'narrow', scope: { purposes: ['ads'] } };
    const { body } = await admin.post('/v1/keys', narrow).expect(201);
    await system.as(String(body.key)).get('/v1/replica').expect(403);
    await admin.get('/v1/replica').expect(403);
    for (const query of [
      'after=x',
      'after=1.1&shard=4/4',
      'after=1.1&shard=a',
      'after=1.1&policyVersion=0',
      '',
    ])
      await system.as(key).get(`/v1/replica/changes?${query}`).expect(400);
    for (const after of ['2.1', '1.999999'])
      expect((await system.as(key).get(`/v1/replica/changes?after=${after}`).expect(200)).body.reload).toBe(
        true,
      );
  });

  it('carries nobody by name', async () => {
    const { body } = await system.as(key).get('/v1/replica').responseType('blob').expect(200);
    const text = (body as Buffer).toString('latin1');
    expect(text).not.toMatch(/person-|example\.org/i);
  });
});
