import { once } from 'node:events';
import type { EntityManager } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Transactions } from '#platform/database';
import { CallStores } from './lanes/call-stores.js';
import { LanesRepository } from './lanes.repository.js';
import { ObligationsRepository } from './obligations.repository.js';
import { TakeBatch } from './take-batch.js';
import { Gate } from './testing/script.js';
import { Stage } from './testing/stage.js';

const one = { rows: { lane: 'a', datasets: { clicks: {} } } };
const lease = 30_000;
const hour = 3_600_000;
const live = () => new AbortController().signal;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const transactions = () => stage.engine.worker.get(Transactions);
const lanes = () => stage.engine.worker.get(LanesRepository);
const acquire = (laneId: string) =>
  transactions().run(null, (tx) =>
    lanes().acquire(tx, laneId, {
      now: stage.engine.clock.now(),
      until: stage.from(lease),
    }),
  );

async function tenantWith(people: readonly string[]) {
  const tenant = await stage.engine.tenant(one);
  stage.fill(tenant, 'rows/clicks', [...people, 'stays']);
  return { tenant, store: tenant.stores['rows']! };
}

describe('a worker that lost its lane', () => {
  it.each(['purge', 'verify'] as const)(
    'settles nothing when it wakes after its %s: the outcome of the newer holder stands',
    async (verb) => {
      const { tenant, store } = await tenantWith(['ann']);
      await stage.erase(tenant, ['ann']);
      const gate = new Gate();
      store.script.plan({ verb, moment: 'after', times: 1, act: gate.wait });
      const stale = stage.run(tenant, 'rows');
      await gate.reached;
      stage.engine.clock.advance(lease + 1);
      expect(await stage.run(tenant, 'rows')).toBe(1);
      const settled = await stage.obligation(tenant);
      const leaves = await stage.leaves(tenant);
      stage.engine.clock.advance(1);
      gate.open();
      expect(await stale).toBe(0);
      expect(await stage.obligation(tenant)).toEqual(settled);
      expect(settled).toMatchObject({ outcome: 'erased', exact: false, attempts: 2 });
      expect(await stage.leaves(tenant)).toEqual(leaves);
      expect(leaves).toMatchObject([{ obligation: settled.id, outcome: 'erased', exact: false }]);
      expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    },
  );

  it('settles nothing even while the newer holder is still at work', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const [old, newer] = [new Gate(), new Gate()];
    store.script.plan({ verb: 'verify', moment: 'after', times: 1, act: old.wait });
    const stale = stage.run(tenant, 'rows');
    await old.reached;
    stage.engine.clock.advance(lease + 1);
    store.script.plan({ verb: 'verify', moment: 'after', times: 1, act: newer.wait });
    const holder = stage.run(tenant, 'rows');
    await newer.reached;
    old.open();
    expect(await stale).toBe(0);
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: null, settled_at: null });
    expect(await stage.leaves(tenant)).toEqual([]);
    newer.open();
    expect(await holder).toBe(1);
    expect(await stage.leaves(tenant)).toHaveLength(1);
  });

  it('does not compact either', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    await stage.erase(tenant, ['bob']);
    const gate = new Gate();
    store.script.plan({ verb: 'verify', moment: 'after', times: 1, act: gate.wait });
    const stale = stage.run(tenant, 'rows');
    await gate.reached;
    stage.engine.clock.advance(hour);
    // Another worker holds the lane now, and the compaction that the first erasure owes is due.
    expect(await acquire(tenant.laneOf('rows'))).toBeDefined();
    gate.open();
    expect(await stale).toBe(0);
    expect(store.script.callsOf('compact')).toEqual([]);
    expect(await stage.entries(tenant, 'store.compacted')).toEqual([]);
  });

  it('records no compaction that it made when its lane was taken over meanwhile', async () => {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    stage.engine.clock.advance(hour);
    store.script.plan({
      verb: 'compact',
      moment: 'after',
      times: 1,
      act: async () => {
        stage.engine.clock.advance(lease + 1);
        expect(await acquire(tenant.laneOf('rows'))).toBeDefined();
      },
    });
    await stage.run(tenant, 'rows');
    expect(store.script.callsOf('compact')).toHaveLength(1);
    expect(await stage.entries(tenant, 'store.compacted')).toEqual([]);
    // It is owed still: whoever holds the lane does it again.
    stage.engine.clock.advance(lease + 1);
    await stage.run(tenant, 'rows');
    expect(await stage.entries(tenant, 'store.compacted')).toHaveLength(1);
  });

  it('takes nothing more', async () => {
    const { tenant } = await tenantWith(['ann']);
    const old = (await acquire(tenant.laneOf('rows')))!;
    stage.engine.clock.advance(lease + 1);
    await acquire(tenant.laneOf('rows'));
    await stage.erase(tenant, ['ann']);
    const take = stage.engine.worker.get(TakeBatch);
    expect(await take.execute(old, stage.engine.clock.now())).toBeUndefined();
    expect(await stage.obligation(tenant)).toMatchObject({ attempts: 0 });
  });
});

describe('a lease', () => {
  it('that was released is not prolonged by a heartbeat that comes late', async () => {
    const { tenant } = await tenantWith([]);
    const held = (await acquire(tenant.laneOf('rows')))!;
    await transactions().run(null, (tx) => lanes().release(tx, held));
    expect(await transactions().run(null, (tx) => lanes().extend(tx, held, stage.from(lease)))).toBe(false);
    expect(await acquire(tenant.laneOf('rows'))).toMatchObject({ fence: held.fence + 1 });
  });
});

describe('the heartbeat', () => {
  const beat = 10_000;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function stalled() {
    const { tenant, store } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const gate = new Gate();
    store.script.plan({ verb: 'purge', moment: 'before', times: 1, act: gate.wait });
    const run = stage.run(tenant, 'rows');
    await gate.reached;
    return { tenant, store, gate, run };
  }

  it('keeps the lane for a call that takes longer than the lease', async () => {
    const { tenant, gate, run } = await stalled();
    const until = async () =>
      (await stage.owner('select lease_until from lanes where id = $1', [tenant.laneOf('rows')]))[0];
    stage.engine.clock.advance(beat);
    vi.advanceTimersByTime(beat);
    await expect.poll(until).toEqual({ lease_until: stage.from(lease) });
    stage.engine.clock.advance(lease - 1);
    expect(await stage.run(tenant, 'rows')).toBe(0);
    gate.open();
    expect(await run).toBe(1);
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', exact: true });
  });

  it('aborts the calls of a worker whose lane was taken, so that it erases nothing late', async () => {
    const { tenant, store, gate, run } = await stalled();
    stage.engine.clock.advance(lease + 1);
    expect(await acquire(tenant.laneOf('rows'))).toBeDefined();
    const { signal } = store.script.callsOf('purge')[0]!;
    const aborted = once(signal, 'abort');
    vi.advanceTimersByTime(beat);
    await aborted;
    gate.open();
    expect(await run).toBe(0);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: null, error: null });
  });
});

describe('two workers on one lane', () => {
  it('act once: the second finds the lane held and does nothing', async () => {
    const { tenant, store } = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann', 'bob']);
    const handled = await Promise.all(Array.from({ length: 6 }, () => stage.run(tenant, 'rows')));
    expect(handled.toSorted()).toEqual([0, 0, 0, 0, 0, 2]);
    expect(store.script.callsOf('purge')).toHaveLength(1);
    const settled = await stage.obligations(tenant);
    expect(settled).toMatchObject([
      { outcome: 'erased', exact: true, rows: '1', attempts: 1 },
      { outcome: 'erased', exact: true, rows: '1', attempts: 1 },
    ]);
    expect(await stage.leaves(tenant)).toHaveLength(2);
  });
});

describe('a crash', () => {
  it('between acting and settling leaves a retry that ends erased with an inexact count, never not_found', async () => {
    const { tenant } = await tenantWith(['ann', 'ann']);
    await stage.erase(tenant, ['ann', 'nobody']);
    const held = await acquire(tenant.laneOf('rows'));
    const batch = await stage.engine.worker.get(TakeBatch).execute(held!, stage.engine.clock.now());
    const acted = await stage.engine.worker
      .get(CallStores)
      .execute(batch!.warranted, batch!.flows, { signal: live(), confirm: () => undefined });
    // The worker dies here: it knew what became of each, and told nobody.
    expect(acted.map(({ outcome }) => outcome)).toEqual(['erased', 'not_found']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await stage.run(tenant, 'rows')).toBe(0);
    stage.engine.clock.advance(lease + 1);
    expect(await stage.run(tenant, 'rows')).toBe(2);
    expect(await stage.obligations(tenant)).toMatchObject([
      { outcome: 'erased', exact: false, rows: '0' },
      { outcome: 'erased', exact: false, rows: '0' },
    ]);
    expect(await stage.leaves(tenant)).toMatchObject([
      { outcome: 'erased', exact: false },
      { outcome: 'erased', exact: false },
    ]);
  });
});

describe('two lanes that settle parts of the same causes', () => {
  it('lock the causes in one order, whatever order they are given in', async () => {
    const { tenant } = await tenantWith([]);
    const [low, high] = (await stage.erase(tenant, ['ann', 'bob'])).toSorted();
    // Its row now lies behind the other one, so that neither the table's order nor the caller's is the right one.
    await stage.owner('update causes set open = open where id = $1', [low]);
    const repository = stage.engine.worker.get(ObligationsRepository);
    const lock = (tx: EntityManager, ...causes: readonly string[]) =>
      repository.lockCauses(
        tx,
        causes.map((causeId) => ({ tenant: tenant.id, causeId })),
      );
    const gate = new Gate();
    const first = transactions().run(null, async (tx) => {
      await lock(tx, low!);
      await gate.wait();
    });
    await gate.reached;
    const both = transactions().run(null, (tx) => lock(tx, high!, low!));
    await stage.waitsForLock('causes');
    // Who waits for the low one must not hold the high one meanwhile.
    const alone = await transactions()
      .run(null, async (tx) => {
        await tx.query("set local lock_timeout = '5s'");
        await lock(tx, high!);
      })
      .catch(String);
    gate.open();
    await Promise.all([first, both]);
    expect(alone).toBeUndefined();
  });

  it('never wait for each other in a circle, though each holds what was derived from the other', async () => {
    const people = Array.from({ length: 150 }, (_, index) => `p${index}`);
    const tenant = await stage.engine.tenant({
      a: { lane: 'a', datasets: { messages: {}, features: { derivedFrom: ['b/events'] } } },
      b: { lane: 'b', datasets: { events: {}, embeddings: { derivedFrom: ['a/messages'] } } },
    });
    for (let round = 0; round < 4; round++) {
      await stage.erase(tenant, people);
      // Sources and what is derived from them are due together, so both lanes take both at once.
      stage.engine.clock.advance(hour);
      await Promise.all([stage.run(tenant, 'a'), stage.run(tenant, 'b')]);
      for (const store of ['a', 'b']) await stage.run(tenant, store);
      const stored = await stage.obligations(tenant);
      expect(stored.filter(({ outcome }) => outcome !== 'not_found')).toEqual([]);
    }
  });
});
