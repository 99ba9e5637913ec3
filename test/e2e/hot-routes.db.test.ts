import fc from 'fast-check';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Metrics } from '#platform/telemetry';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const path = '/v1/decisions';
const subject = { type: 'email', value: 'ann@example.org' };
const question = { subject, purpose: 'ads' };
const json = 'application/json';

describe('a route with a short way', () => {
  let system: TestSystem;
  let admin: Client;
  let key: string;
  let supportKey: string;
  let narrowKey: string;
  beforeAll(async () => {
    system = await startTestSystem();
    admin = await createTenant(system, 'hot');
    await admin.applyPolicy(`
purposes: { ads: { title: Ads, legalBasis: consent, validity: P1Y }, service: { title: Service, legalBasis: contract } }
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`);
    await admin.post('/v1/consents', { ...question, action: 'grant' }).expect(201);
    const issue = async (role: string, scope: object = {}) =>
      (await admin.post('/v1/keys', { role, name: role, scope }).expect(201)).body.key as string;
    key = await issue('personalisation');
    supportKey = await issue('support');
    narrowKey = await issue('personalisation', { purposes: ['service'] });
  });
  afterAll(() => system.stop());

  /** What is answered over a socket, where the short way is, and without one, where it is not. */
  async function bothWays(url: string, payload: string, headers: Readonly<Record<string, string>>) {
    const overSocket = await supertest(system.api.getHttpServer())
      .post(url)
      .set(headers)
      .buffer(true)
      .parse((response, done) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('end', () => {
          done(null, text);
        });
      })
      .send(payload);
    const inside = await system.api.inject({ method: 'POST', url, headers, payload });
    const told = ['content-type', 'www-authenticate'] as const;
    return {
      short: [overSocket.status, overSocket.body as string, ...told.map((name) => overSocket.headers[name])],
      usual: [inside.statusCode, inside.payload, ...told.map((name) => inside.headers[name])],
    };
  }
  const bearer = (text: string) => ({ authorization: `Bearer ${text}`, 'content-type': json });
  async function expectAlike(url: string, payload: string, headers: Readonly<Record<string, string>>) {
    const { short, usual } = await bothWays(url, payload, headers);
    expect(short).toEqual(usual);
    return short;
  }

  it.each<[string, number, string, object | string]>([
    ['a question', 200, path, question],
    ['a stranger', 200, path, { subject: { type: 'email', value: 'nobody' }, purpose: 'ads' }],
    ['an unknown purpose', 200, path, { subject, purpose: 'constructor' }],
    ['a batch', 200, `${path}/batch`, { questions: [question, { subject, purpose: 'service' }] }],
    ['a brief batch', 200, `${path}/batch`, { questions: [question], detail: 'reason' }],
    [
      'a filter',
      200,
      `${path}/filter`,
      { purpose: 'ads', subjects: { type: 'email', values: ['ann@example.org', 'x'] } },
    ],
    ['a revision of the future', 400, path, { ...question, revision: '1.99999' }],
    ['an unknown member', 400, path, { ...question, force: true }],
    ['a NUL', 400, path, { subject: { type: 'email', value: 'a\0b' }, purpose: 'ads' }],
    ['a member of the prototype', 400, path, `{"__proto__":{"x":1},"purpose":"ads"}`],
    ['a bad signal', 400, path, { ...question, signals: { tcf: 'nonsense' } }],
    ['a list', 400, path, []],
    ['a text', 400, path, '"ads"'],
    ['nothing', 400, path, ''],
    ['half of it', 400, path, '{"subject":'],
    ['nobody in a batch', 400, `${path}/batch`, { questions: [] }],
    ['a path with a question mark', 200, `${path}?x=1`, question],
    ['a path that is none', 404, `${path}/none`, question],
  ])('answers %s alike on both', async (_, status, url, body) => {
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    // Asked twice: what is remembered is answered as what is read.
    const first = await expectAlike(url, payload, bearer(key));
    const second = await expectAlike(url, payload, bearer(key));
    expect(first).toEqual(second);
    expect(first[0]).toBe(status);
  });

  it.each<[string, number, () => Record<string, string>]>([
    ['no credentials', 401, () => ({ 'content-type': json })],
    ['a wrong key', 401, () => bearer(`${key.slice(0, -3)}AAA`)],
    ['a key in lower case', 200, () => ({ ...bearer(key), authorization: `bearer ${key}` })],
    ['a role that may not', 403, () => bearer(supportKey)],
    ['a key for another purpose', 403, () => bearer(narrowKey)],
    ['the header for break-glass', 403, () => ({ ...bearer(key), 'lethe-break-glass': crypto.randomUUID() })],
    ['an opt-out signal', 200, () => ({ ...bearer(key), 'sec-gpc': '1' })],
    ['another type', 415, () => ({ ...bearer(key), 'content-type': 'text/plain' })],
    ['a character set', 200, () => ({ ...bearer(key), 'content-type': 'application/json; charset=utf-8' })],
  ])('treats %s alike on both', async (_, status, headers) => {
    const payload = JSON.stringify(question);
    await expectAlike(path, payload, bearer(key));
    expect((await expectAlike(path, payload, headers()))[0]).toBe(status);
  });

  it('answers whatever is sent alike on both', async () => {
    const member = fc.constantFrom(
      'subject',
      'purpose',
      'type',
      'value',
      'questions',
      'detail',
      'revision',
      'x',
    );
    const anything = fc.oneof(
      fc.json(),
      fc
        .dictionary(member, fc.oneof(fc.jsonValue(), fc.constant(subject), fc.constant([question])))
        .map((body) => JSON.stringify(body)),
    );
    const urls = fc.constantFrom(path, `${path}/batch`, `${path}/filter`);
    await fc.assert(
      fc.asyncProperty(urls, anything, async (url, payload) => {
        await expectAlike(url, payload, bearer(key));
      }),
      { numRuns: 300 },
    );
  });

  it('is counted, logs nobody, and knows of a write at once', async () => {
    const metrics = system.api.get(Metrics);
    const counted = async (name: string, labels: object) => {
      const { values } = await metrics.registry.getSingleMetric(name)!.get();
      const matches = (one: object) =>
        Object.entries(labels).every(([key, value]) => one[key as never] === value);
      return values
        .filter(
          (one) =>
            matches(one.labels) && !/bucket|sum/.test((one as { metricName?: string }).metricName ?? ''),
        )
        .reduce((sum, { value }) => sum + value, 0);
    };
    const count = async () => [
      await counted('http_request_duration_seconds', { route: path, status: '200' }),
      await counted('lethe_decisions_total', { reason: 'consent.given' }),
    ];
    const client = system.as(key);
    const ask = async () => (await client.post(path, question).expect(200)).body.reason as string;
    await ask();
    const [requests = 0, decisions = 0] = await count();
    expect(await ask()).toBe('consent.given');
    expect(await count()).toEqual([requests + 1, decisions + 1]);
    await admin.post('/v1/consents', { ...question, action: 'withdraw' }).expect(201);
    expect(await ask()).toBe('consent.withdrawn');
    expect(system.logs()).not.toContain(subject.value);
  });
});
