import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, type DependencyCode } from '#kernel';
import {
  ReceiptRow,
  RequestRow,
  FileRequests,
  PlanRequests,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { callerOf } from '#testing';
import { Stage } from './testing/stage.js';
import type { TestTenant } from './testing/open-engine.js';

const one = { rows: { lane: 'a', datasets: { clicks: {} } } };
const two = { rows: { lane: 'a', datasets: { clicks: {}, views: {} } } };
const hour = 3_600_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ modules: [RequestsModule], rows: [RequestRow, ReceiptRow] });
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(people: readonly string[], stores: typeof one | typeof two = one) {
  const tenant = await stage.engine.tenant(stores);
  stage.fill(tenant, 'rows/clicks', [...people, 'stays']);
  return { tenant, store: tenant.stores['rows']! };
}

const breakWith = (code: DependencyCode) => () => {
  throw new DependencyError(code, 'the store is broken');
};

/** What became of each person, in the order of their causes. */
async function outcomesOf(tenant: TestTenant, causes: readonly string[]) {
  const stored = await stage.obligations(tenant);
  return causes.map((cause) => stored.find(({ cause_id }) => cause_id === cause)?.outcome);
}

/** How long an open obligation waits for its next attempt; and lets that time pass. */
async function waitForRetry(tenant: TestTenant): Promise<number> {
  const { due_at: due } = await stage.obligation(tenant);
  const wait = due!.getTime() - stage.engine.clock.now().getTime();
  stage.engine.clock.advance(wait);
  return wait;
}

describe("one person's failure", () => {
  it('fails nobody else in the batch, and is tried again alone', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob', 'cid']);
    const causes = await stage.erase(tenant, ['ann', 'bob', 'cid', 'nobody']);
    store.script.failing.set('bob', 'conflict');
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual(['erased', null, 'erased', 'not_found']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob', 'stays']);
    store.script.calm();
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual(['erased', 'erased', 'erased', 'not_found']);
    expect(store.script.callsOf('purge').map(({ subjects }) => [...subjects].sort())).toEqual([
      ['ann', 'bob', 'cid', 'nobody'],
      ['bob'],
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('fails nobody else when it lasts: only they end failed', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob']);
    const causes = await stage.erase(tenant, ['ann', 'bob']);
    store.script.failing.set('bob', 'invalid_config');
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual(['erased', 'failed']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob', 'stays']);
  });

  it('fails nobody else when their sealed key cannot be opened', async () => {
    const { tenant } = await tenantWith(['ann', 'bob', 'cid']);
    const causes = await stage.erase(tenant, ['ann', 'bob', 'cid']);
    await stage.owner(
      `update obligations set sealed_key = set_byte(sealed_key, 20, get_byte(sealed_key, 20) # 1) where cause_id = $1`,
      [causes[1]],
    );
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual([
      'erased',
      expect.not.stringMatching('erased'),
      'erased',
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob', 'stays']);
  });

  it('is a failure when the connector does not answer for them, never nothing found', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob']);
    const causes = await stage.erase(tenant, ['ann', 'bob']);
    const purge = store.purge.bind(store);
    store.purge = async (...call) => (await purge(...call)).filter(({ subject }) => subject !== 'bob');
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual(['erased', null]);
    const stored = await stage.obligations(tenant);
    expect(stored.map(({ error }) => error)).toEqual([null, 'unexpected_response']);
  });

  it('in one dataset fails no other dataset of the lane', async () => {
    const { tenant, store } = await tenantWith(['ann'], two);
    stage.fill(tenant, 'rows/views', ['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.plan({ verb: 'purge', dataset: 'clicks', moment: 'before', act: breakWith('unreachable') });
    await stage.run(tenant, 'rows');
    const stored = await stage.obligations(tenant);
    expect(stored.map(({ dataset, outcome }) => [dataset, outcome])).toEqual([
      ['clicks', null],
      ['views', 'erased'],
    ]);
  });
});

describe('a store that fails', () => {
  it.each([
    'unreachable',
    'rate_limited',
    'quota_exhausted',
    'timeout',
    'conflict',
    'unexpected_response',
  ] as const)('for a while (%s) is tried again, and then it is erased', async (code) => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.plan({ verb: 'purge', moment: 'before', times: 2, act: breakWith(code) });
    for (const attempts of [1, 2]) {
      expect(await stage.run(tenant, 'rows')).toBe(1);
      expect(await stage.obligation(tenant)).toMatchObject({ attempts, error: code, outcome: null });
      // Nothing is due before its time, whatever rings.
      expect(await stage.run(tenant, 'rows')).toBe(0);
      await waitForRetry(tenant);
    }
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', error: null, rows: '1' });
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it.each(['unauthorized', 'invalid_config', 'not_supported'] as const)(
    'for good (%s) is not tried again',
    async (code) => {
      const { tenant, store } = await tenantWith(['ann']);
      await stage.erase(tenant, ['ann']);
      store.script.plan({ verb: 'purge', moment: 'before', act: breakWith(code) });
      await stage.run(tenant, 'rows');
      stage.engine.clock.advance(24 * hour);
      expect(await stage.run(tenant, 'rows')).toBe(0);
      expect(store.script.callsOf('purge')).toHaveLength(1);
      expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'failed', error: code, exact: false });
    },
  );

  it('is given up at the twentieth attempt, after waits that double up to a quarter of an hour', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.plan({ verb: 'purge', moment: 'before', act: breakWith('unexpected_response') });
    const waits = [];
    for (let attempt = 1; attempt < 20; attempt++) {
      expect(await stage.run(tenant, 'rows')).toBe(1);
      waits.push(await waitForRetry(tenant));
    }
    for (const [index, wait] of waits.entries()) {
      const most = Math.min(900_000, 500 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(most / 2);
      expect(wait).toBeLessThanOrEqual(most);
    }
    expect(await stage.leaves(tenant)).toEqual([]);
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'failed', error: 'unexpected_response' });
    expect(await stage.leaves(tenant)).toMatchObject([
      { outcome: 'failed', error: 'unexpected_response', exact: false },
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
  });

  it('when it reads back leaves nothing called erased: the next attempt is, with an inexact count', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.plan({ verb: 'verify', moment: 'before', times: 1, act: breakWith('timeout') });
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: null, error: 'timeout' });
    await waitForRetry(tenant);
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', exact: false });
  });
});

describe('survivors of the read-back', () => {
  it('are tried again, and are never called erased while there is one', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob']);
    const causes = await stage.erase(tenant, ['ann', 'bob']);
    store.script.surviving.add('ann');
    for (let attempt = 1; attempt <= 3; attempt++) {
      await stage.run(tenant, 'rows');
      expect(await outcomesOf(tenant, causes)).toEqual([null, 'erased']);
      stage.engine.clock.advance(hour);
    }
    const [ann] = await stage.obligations(tenant);
    expect(ann).toMatchObject({ error: 'conflict', attempts: 3, settled_at: null });
    store.script.calm();
    await stage.run(tenant, 'rows');
    expect(await outcomesOf(tenant, causes)).toEqual(['erased', 'erased']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('that a writer put there between the act and the read-back are found, and go with the next attempt', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.plan({
      verb: 'purge',
      moment: 'after',
      times: 1,
      act: () => {
        stage.fill(tenant, 'rows/clicks', ['ann']);
      },
    });
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: null, error: 'conflict', rows: '1' });
    await waitForRetry(tenant);
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', rows: '2', exact: false });
  });

  it('for ever end failed', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    store.script.surviving.add('ann');
    for (let attempt = 1; attempt <= 20; attempt++) {
      await stage.run(tenant, 'rows');
      stage.engine.clock.advance(hour);
    }
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'failed', error: 'conflict' });
  });
});

describe('a request', () => {
  const process = async (tenant: TestTenant, person: string) => {
    const { requests } = await stage.engine.control
      .get(FileRequests)
      .execute(callerOf(tenant.id), [{ type: 'account_id', value: person }], false);
    await stage.engine.worker.get(PlanRequests).execute(tenant.id);
    await stage.run(tenant, 'rows');
    await stage.engine.worker.get(SettleRequests).execute(tenant.id);
    return requests[0]!.id;
  };
  const stateOf = async (id: string) => {
    const [row] = await stage.owner<{ state: string }>('select state from requests where id = $1', [id]);
    return row?.state;
  };

  it('ends partially_completed when a part of it is given up', async () => {
    const { tenant, store } = await tenantWith(['ann'], two);
    stage.fill(tenant, 'rows/views', ['ann']);
    store.script.plan({ verb: 'purge', dataset: 'views', moment: 'before', act: breakWith('conflict') });
    const id = await process(tenant, 'ann');
    for (let attempt = 2; attempt <= 20; attempt++) {
      expect(await stateOf(id)).toBe('running');
      stage.engine.clock.advance(hour);
      await stage.run(tenant, 'rows');
      await stage.engine.worker.get(SettleRequests).execute(tenant.id);
    }
    expect(await stateOf(id)).toBe('partially_completed');
    expect(await stage.entries(tenant, 'request.settled')).toEqual([
      { request: id, state: 'partially_completed' },
    ]);
  });

  it('ends completed when every part is erased or was never there', async () => {
    const { tenant } = await tenantWith(['ann'], two);
    expect(await stateOf(await process(tenant, 'ann'))).toBe('completed');
  });
});
