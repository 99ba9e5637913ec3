import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { Transactions } from '#platform/database';
import { HoldsRepository, RecordHolds } from '#policy';
import { RegisterDataMap } from '#stores';
import { callerOf } from '#testing';
import { LanesRepository } from '../lanes.repository.js';
import { TakeBatch } from '../take-batch.js';
import { dataMapOf } from '../testing/data-map.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Gate } from '../testing/script.js';
import { Stage } from '../testing/stage.js';
import { HeldRepository } from './held.repository.js';
import { Succeed } from './succeed.js';

const one = { rows: { lane: 'a', datasets: { clicks: {} } } };
const lease = 30_000;
const hour = 3_600_000;

let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open();
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(people: readonly string[]) {
  const tenant = await stage.engine.tenant(one);
  stage.fill(tenant, 'rows/clicks', [...people, 'stays']);
  return tenant;
}
const transactions = () => stage.engine.worker.get(Transactions);
const outcomes = async (tenant: TestTenant) =>
  (await stage.obligations(tenant)).map(({ outcome }) => outcome).toSorted();

/** Lets a step of the real thing wait at a gate before it begins. */
function gateOn<T extends object>(target: T, name: keyof T) {
  const gate = new Gate();
  const original = target[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(target, {
    [name]: async (...args: unknown[]) => {
      await gate.wait();
      return original.apply(target, args);
    },
  });
  const restore = () => Object.assign(target, { [name]: original });
  return { gate, restore };
}

describe('a hold and a batch at the same time', () => {
  it('placed before the batch begins: the batch waits for its commit, and finds it', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    // The lanes are locked, the hold is not committed.
    const { gate, restore } = gateOn(stage.engine.control.get(RecordHolds), 'placed');
    const placing = holding.place(tenant, accounts('ann'));
    await gate.reached;
    const running = stage.run(tenant, 'rows');
    await stage.waitsForLock('lanes');
    gate.open();
    restore();
    const { inFlight } = await placing;
    await running;
    expect(inFlight).toEqual([]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
    expect(await outcomes(tenant)).toEqual(['held', null]);
  });

  it('placed after the batch has read the holds: waits for the batch row, and is told', async () => {
    const tenant = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann', 'bob']);
    const ann = (await stage.obligations(tenant))[0]!;
    // The batch has seen that there is no hold, and its row is not committed.
    const { gate, restore } = gateOn(stage.engine.worker.get(LanesRepository), 'openBatch');
    const running = stage.run(tenant, 'rows');
    await gate.reached;
    const placing = holding.place(tenant, accounts('ann'));
    await stage.waitsForLock('obligations_in_flight');
    gate.open();
    restore();
    const { inFlight } = await placing;
    await running;
    const [batch] = await stage.owner<{ id: string }>(
      'select id from batches where $1 = any (obligation_ids)',
      [ann.id],
    );
    expect(inFlight).toMatchObject([{ batchId: batch!.id, obligationIds: [ann.id] }]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await outcomes(tenant)).toEqual(['erased', 'erased']);
  });

  it('placed while the batch acts: is told, and the next attempt finds it', async () => {
    const tenant = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann', 'bob']);
    const { script } = tenant.stores['rows']!;
    const gate = new Gate();
    const act = async () => {
      await gate.wait();
      throw new DependencyError('unreachable', 'the store is down');
    };
    script.plan({ verb: 'purge', moment: 'before', times: 1, act });
    const running = stage.run(tenant, 'rows');
    await gate.reached;
    const { inFlight } = await holding.place(tenant, accounts('ann', 'cid'));
    expect(inFlight).toMatchObject([{ startedAt: stage.from(0) }]);
    expect(inFlight[0]!.obligationIds).toHaveLength(1);
    gate.open();
    await running;
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
    expect(await outcomes(tenant)).toEqual(['erased', 'held', null]);
  });

  it('whose worker died: the batch is named as long as nobody else holds the lane, for nobody knows', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const lanes = stage.engine.worker.get(LanesRepository);
    const held = await transactions().run(null, (tx) =>
      lanes.acquire(tx, tenant.laneOf('rows'), {
        now: stage.from(0),
        until: stage.from(lease),
      }),
    );
    await stage.engine.worker.get(TakeBatch).execute(held!, stage.from(0));
    stage.engine.clock.advance(lease + 1);
    expect((await holding.place(tenant, { stores: ['rows'] })).inFlight).toHaveLength(1);
    await stage.run(tenant, 'rows');
    expect((await holding.place(tenant, { stores: ['rows'] })).inFlight).toEqual([]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
  });

  it('tells of no other tenant that shares the lane, and of nothing that the hold does not cover', async () => {
    const tenant = await tenantWith(['ann']);
    const [theirs, ours] = await Promise.all([stage.engine.tenant(one), stage.engine.tenant(one)]);
    // One lane for all of them.
    for (const other of [theirs, ours]) {
      const id = tenant.laneOf('rows');
      await stage.owner('update stores set lane_id = $2 where tenant_id = $1', [other.id, id]);
      stage.fill(other, 'rows/clicks', ['ann']);
      await stage.erase(other, ['ann']);
    }
    const gate = new Gate();
    theirs.stores['rows']!.script.plan({ verb: 'purge', moment: 'before', times: 1, act: gate.wait });
    const running = stage.run(tenant, 'rows');
    await gate.reached;
    expect((await holding.place(tenant, { stores: ['rows'] })).inFlight).toEqual([]);
    expect((await holding.place(ours, accounts('bob'))).inFlight).toEqual([]);
    const { inFlight } = await holding.place(ours, accounts('ann'));
    const [own] = await stage.obligations(ours);
    expect(inFlight.map(({ obligationIds }) => obligationIds)).toEqual([[own!.id]]);
    gate.open();
    await running;
  });

  it('never lets a row go that was held when the batch began, however the two meet', async () => {
    for (let round = 0; round < 12; round++) {
      const tenant = await tenantWith(['ann', 'bob']);
      await stage.erase(tenant, ['ann', 'bob']);
      const [placed] = await Promise.all([
        holding.place(tenant, accounts('ann')),
        round % 2 === 0 ? stage.run(tenant, 'rows') : Promise.resolve(0),
        stage.run(tenant, 'rows'),
      ]);
      await stage.run(tenant, 'rows');
      const isLeft = stage.left(tenant, 'rows/clicks').includes('ann');
      const wasInFlight = placed.inFlight.length > 0;
      const ann = (await stage.obligations(tenant)).find(({ succeeds }) => succeeds === null)!;
      // Gone only if the batch was first: then its placer knows, or the batch was settled already.
      expect(isLeft).toBe(ann.outcome === 'held');
      if (wasInFlight) expect(ann.outcome).toBe('erased');
      expect(stage.left(tenant, 'rows/clicks')).not.toContain('bob');
    }
  });
});

describe('a hold and a data map at the same time', () => {
  it('take turns, so that no lane is missed', async () => {
    const tenant = await tenantWith(['ann']);
    const { gate, restore } = gateOn(stage.engine.control.get(RecordHolds), 'placed');
    const placing = holding.place(tenant, accounts('ann'));
    await gate.reached;
    const map = dataMapOf({ ...one, more: { lane: 'z', datasets: { views: {} } } }, tenant.id);
    const registering = stage.engine.control.get(RegisterDataMap).execute(callerOf(tenant.id), map);
    await stage.waitsForLock('pg_advisory_xact_lock');
    gate.open();
    restore();
    await placing;
    expect(await registering).toHaveLength(2);
  });
});

describe('a hold that ends while something is held by it', () => {
  it('leaves no successor behind that waits for what is over', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const { id } = await holding.place(tenant, accounts('ann'));
    // The batch has found the hold and is about to settle; the hold is lifted and released meanwhile.
    const { gate, restore } = gateOn(stage.engine.worker.get(Succeed), 'ofSettled');
    const running = stage.run(tenant, 'rows');
    await gate.reached;
    await holding.lift(tenant, id);
    await holding.release(tenant);
    gate.open();
    restore();
    await running;
    const find = (tx: EntityManager) =>
      stage.engine.worker.get(HeldRepository).tenantsToRelease(tx, stage.engine.clock.now());
    expect(await outcomes(tenant)).toEqual(['held', null]);
    expect(await transactions().run(null, find)).toContain(tenant.id);
    const bells = await stage.owner('select kind from outbox where kind = $1', ['holds-over']);
    expect(bells.length).toBeGreaterThan(0);
    await holding.release(tenant);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await transactions().run(null, find)).not.toContain(tenant.id);
  });
});

describe('whoever places a hold', () => {
  it('and whoever looks which are active do not wait for stores or for each other', async () => {
    const tenant = await tenantWith(['ann']);
    await Promise.all(['ann', 'bob', 'cid', 'dan'].map((person) => holding.place(tenant, accounts(person))));
    const holds = await transactions().run(null, (tx) =>
      stage.engine.worker.get(HoldsRepository).inForce(tx, [tenant.id], stage.engine.clock.now()),
    );
    expect(holds.get(tenant.id)).toHaveLength(4);
  });
});
