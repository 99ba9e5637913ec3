import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueOperatorKey } from '#access';
import { systemIds } from '#kernel';
import { withClient } from '#testing';
import { startTestSystem, type TestSystem } from '../e2e/system.js';
import { Dice, Generate } from './generate.js';
import { nameOf, operationsOf, type Document, type Operation } from './openapi.js';
import { seed } from './seed.js';
import { send } from './send.js';
import { dataMap, policyOf } from '../e2e/documents.js';
import { Knowledge, people, uuidsIn, type Inhabited } from './world.js';

const rounds = 6;
const perRound = 150;

/** What a tenant's administrator can read of it, to the byte, but for when keys were used. */
const reads = [
  '/v1/keys?limit=1000',
  '/v1/policy',
  '/v1/policy/versions',
  '/v1/policy/versions/1',
  '/v1/holds?limit=1000',
  '/v1/stores',
  '/v1/requests?limit=1000',
  '/v1/obligations?limit=1000',
  '/v1/disclosures?limit=1000',
  '/v1/break-glass?limit=1000',
  '/v1/ledger',
  '/v1/feed?limit=1000',
];

describe('two tenants with the same people, stores and purposes', () => {
  let system: TestSystem;
  let document: Document;
  let ours: Inhabited;
  let theirs: Inhabited;
  const knowledge = new Knowledge(() => [policyOf('ours'), dataMap]);

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    ours = await knowledge.inhabit(system, 'ours');
    theirs = await knowledge.inhabit(system, 'theirs');
    for (const tenant of [ours, theirs]) {
      for (const value of people) {
        const subject = { type: 'email', value };
        await tenant.admin.post('/v1/subjects', { subject }).expect(201);
        await tenant.admin.post('/v1/consents', { subject, purpose: 'ads', action: 'grant' }).expect(201);
      }
      const reason = 'something that leaves a trace';
      const path = `/v1/tenants/${tenant.id}/break-glass`;
      const wanted = { role: 'auditor', reason, minutes: 5 };
      // An operator is no tenant's, so one for each, or both would know the same.
      const operator = await withClient(system.database.ownerUrl, (client) =>
        issueOperatorKey(client, systemIds, new Date()),
      );
      await system.as(operator).post(path, wanted).expect(201);
      const kind = 'deletion';
      const subject = { type: 'email', value: people[0] };
      await tenant.admin.post('/v1/requests', { kind, subject }).expect(202);
    }
    const { body } = await system.api.getHttpAdapter().getInstance().inject({ url: '/docs-json' });
    document = JSON.parse(body) as Document;
  });
  afterAll(() => system.stop());

  const snapshot = async (tenant: Inhabited) => {
    const parts = await Promise.all(
      reads.map(async (path) => `${path} ${(await tenant.admin.get(path).expect(200)).text}`),
    );
    return parts.join('\n').replaceAll(/"lastUsedAt":("[^"]*"|null)/g, '');
  };
  const learnAbout = async (tenant: Inhabited) => {
    for (const path of reads) {
      const operation: Operation = {
        method: 'GET',
        path: path.split('?')[0] ?? '',
        parameters: [],
        body: undefined,
        responses: {},
      };
      knowledge.learn(operation, (await tenant.admin.get(path).expect(200)).text);
    }
  };

  it('see nothing of each other and change nothing of each other, whatever they send', async () => {
    const dice = new Dice(seed);
    const generate = new Generate(document, dice, () => knowledge.pool());
    const operations = operationsOf(document).filter(({ path }) => path.startsWith('/v1/'));
    let reached = 0;
    for (let round = 0; round < rounds; round++) {
      const [actor, other] = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
      // The actor knows every id of the other one, and uses them wherever an id goes.
      await learnAbout(other);
      const before = await snapshot(other);
      const foreign = new Set(uuidsIn(before));
      const marker = other === ours ? 'Ads ours' : 'Ads theirs';
      for (let done = 0; done < perRound; done++) {
        const operation = dice.pick(operations);
        const request = generate.request(operation);
        const caller = dice.pick(actor.callers);
        const answer = await send(system, operation, request, caller.headers);
        const story = `seed ${seed}, round ${round}: ${caller.name}: ${nameOf(operation)} ${request.url} ${request.payload?.slice(0, 300) ?? ''}\n${answer.body.slice(0, 500)}`;
        const sent = new Set(uuidsIn(`${request.url} ${request.payload ?? ''}`));
        if ([...sent].some((id) => foreign.has(id))) reached += 1;
        // A refusal may repeat what the caller sent; nothing else of the other tenant is ever there.
        const told = uuidsIn(answer.body).filter((id) => foreign.has(id) && !sent.has(id));
        expect(told, story).toEqual([]);
        if (other === theirs) expect(answer.body.includes(marker), story).toBe(false);
      }
      expect(await snapshot(other), `seed ${seed}, round ${round}`).toBe(before);
    }
    expect(reached).toBeGreaterThan(20);
  }, 120_000);

  it("cannot tell what is the other one's from what does not exist", async () => {
    const named = operationsOf(document).filter(({ path }) => path.startsWith('/v1/') && path.includes('{'));
    const known = uuidsIn(await snapshot(theirs));
    const nothing = '01890000-0000-7000-8000-000000000001';
    let compared = 0;
    for (const operation of named) {
      for (const caller of ours.callers) {
        const ask = async (id: string) => {
          const url = operation.path.replaceAll(/\{[^}]+\}/g, id);
          const generated = {
            url,
            payload: operation.body === undefined ? undefined : '{}',
            contentType: operation.body === undefined ? undefined : 'application/json',
          };
          const { status, body } = await send(system, operation, generated, caller.headers);
          return `${status} ${body.replaceAll(id, 'id')}`;
        };
        const unknown = await ask(nothing);
        for (const id of new Set(known)) {
          expect(await ask(id), `${caller.name}: ${nameOf(operation)}`).toBe(unknown);
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(500);
  }, 120_000);

  it('are nowhere in the metrics, and nobody is in the logs', async () => {
    const { body: metrics } = await system.api.getHttpAdapter().getInstance().inject({ url: '/metrics' });
    for (const text of [ours.id, theirs.id, 'ours', 'theirs', ...people])
      expect(metrics.includes(text), text).toBe(false);
    for (const person of people) expect(system.logs().includes(person)).toBe(false);
  });
});
