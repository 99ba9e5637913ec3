import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSystem, type TestSystem } from '../e2e/system.js';
import { Dice, Generate } from './generate.js';
import { checkerOf, nameOf, operationsOf, type Document, type Operation } from './openapi.js';
import { seed } from './seed.js';
import { send } from './send.js';
import { issueOperatorKey } from '#access';
import { systemIds } from '#kernel';
import { withClient } from '#testing';
import { dataMap, policyOf } from '../e2e/documents.js';
import { Knowledge, people, type Caller } from './world.js';

const requests = Number(process.env['FUZZ_REQUESTS'] ?? (process.env['CI'] === undefined ? 4_000 : 20_000));

/** Operations that never succeed here, each with its reason. */
const neverSucceed: Readonly<Record<string, string>> = {
  'GET /v1/requests/{id}/receipt': 'no worker runs, so nothing is settled',
  'POST /v1/obligations/{id}/retry': 'no worker runs, so nothing fails',
  'POST /v1/obligations/{id}/close': 'no worker runs, so nothing fails',
  'POST /v1/policy/plans/{id}/approval': 'needs a plan that goes beyond a limit, and its store to be counted',
  'POST /v1/policy/plans/{id}/application': 'needs the digest of the very plan',
  'POST /v1/consents/import': 'takes files of two kinds, of which the run knows nothing',
  'POST /v1/subjects/{ref}/guardians': 'needs two people who are known and not being erased',
  'DELETE /v1/subjects/{ref}/guardians/{guardian}':
    'needs a guardian of that very person, which chance seldom finds',
  'POST /v1/subjects/{ref}/merge': 'needs the pseudonyms of two people who are not being erased',
  'POST /v1/subjects/{ref}/split': 'needs identifiers of that very person, and one more',
  'PUT /v1/subjects/{ref}/age': 'the policies of the run name no jurisdiction',
  'POST /v1/offboarding': 'nobody guesses what has to be confirmed',
  'DELETE /v1/offboarding': 'no tenant is leaving',
  'GET /v1/offboarding/export': 'no tenant is leaving',
  'POST /v1/offboarding/erasure': 'no tenant is leaving',
  'GET /v1/ledger/export': 'no worker runs, so nothing is published',
  'GET /ledger/{tenant}/checkpoint': 'no worker runs, so nothing is published',
  'GET /ledger/{tenant}/tile/{path}': 'no worker runs, so nothing is published',
};

describe('any request that the document allows, and many that it does not', () => {
  let system: TestSystem;
  let document: Document;
  let callers: readonly Caller[];
  const knowledge = new Knowledge(() => [policyOf('ours'), dataMap]);

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    const second = await withClient(system.database.ownerUrl, (client) =>
      issueOperatorKey(client, systemIds, new Date(), 'second'),
    );
    for (const key of [system.operatorKey, second]) knowledge.secrets.add(key.slice(-43));
    const ours = await knowledge.inhabit(system, 'ours');
    const theirs = await knowledge.inhabit(system, 'theirs');
    callers = [
      { name: 'nobody', headers: {} },
      { name: 'operator', headers: { authorization: `Bearer ${system.operatorKey}` } },
      { name: 'operator of the night', headers: { authorization: `Bearer ${second}` } },
      { name: 'a wrong key', headers: { authorization: `Bearer lethe_000000000000_${'A'.repeat(43)}` } },
      ...ours.callers,
      ...theirs.callers,
    ];
    const { body } = await system.api.getHttpAdapter().getInstance().inject({ url: '/docs-json' });
    document = JSON.parse(body) as Document;
  });
  afterAll(() => system.stop());

  it(`of ${requests} ends in an answer as documented: never a fault of ours, nothing secret logged`, async () => {
    const dice = new Dice(seed);
    const generate = new Generate(document, dice, () => knowledge.pool());
    const check = checkerOf(document);
    const operations = operationsOf(document);
    const succeeded = new Set<string>();
    let done = 0;
    const attempt = async (operation: Operation, caller: Caller) => {
      const request = generate.request(operation);
      const answer = await send(system, operation, request, caller.headers);
      const story = `seed ${seed}, request ${done++}, ${caller.name}: ${nameOf(operation)} ${request.url} ${request.payload?.slice(0, 500) ?? ''}\n${answer.body.slice(0, 500)}`;
      expect(answer.status, story).toBeLessThan(500);
      expect(check(operation, answer.status, answer.type, answer.body), story).toBeUndefined();
      if (answer.status >= 300) return;
      succeeded.add(nameOf(operation));
      knowledge.learn(operation, answer.body);
    };
    while (done < requests) await attempt(dice.pick(operations), dice.pick(callers));
    // Where chance did not get through in so many, somebody who may gets more of them.
    const left = () => operations.filter((operation) => !succeeded.has(nameOf(operation)));
    const mighty = callers.filter(({ name }) => /^(operator|administrator|support|service)/.test(name));
    for (const operation of left().filter((one) => !(nameOf(one) in neverSucceed)))
      for (let more = 1; more <= 1_000 && left().includes(operation); more++) {
        await attempt(operation, dice.pick(mighty));
        // What it needs may be used up by now.
        if (more % 20 === 0)
          for (const making of operations.filter(({ method }) => method === 'POST'))
            await attempt(making, dice.pick(mighty));
      }
    expect(
      left()
        .map(nameOf)
        .filter((name) => !(name in neverSucceed)),
      `seed ${seed}: never answered with success`,
    ).toEqual([]);
    const logs = system.logs();
    expect(logs.length).toBeGreaterThan(requests * 50);
    expect(logs).not.toMatch(/"level":"(error|fatal)"/);
    for (const secret of [...knowledge.secrets, ...people])
      expect(logs.includes(secret), `seed ${seed}`).toBe(false);
  }, 300_000);
});
