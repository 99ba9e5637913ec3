import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, type StoreId } from '#kernel';
import { Transactions } from '#platform/database';
import { callerOf } from '#testing';
import { FindLostWork } from '../find-lost-work.js';
import { wakeLaneJob } from '../jobs.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Gate } from '../testing/script.js';
import { Stage } from '../testing/stage.js';
import { ReadObligations } from '../read-obligations.js';
import { PauseStore, ResumeStore } from './pause-store.js';
import { ReadControls } from './read-controls.js';

const stores = {
  rows: { lane: 'a', datasets: { clicks: {} } },
  files: { lane: 'a', datasets: { events: {} } },
};
const reason = 'the store is being moved';
const day = 86_400_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(people: readonly string[]) {
  const tenant = await stage.engine.tenant(stores);
  for (const dataset of ['rows/clicks', 'files/events']) stage.fill(tenant, dataset, [...people, 'stays']);
  return tenant;
}
const officer = (tenant: TestTenant) => callerOf(tenant.id, 'privacy_officer');
const pause = (tenant: TestTenant, drain?: boolean) =>
  stage.engine.control.get(PauseStore).execute(officer(tenant), 'rows', { reason, drain });
const resume = (tenant: TestTenant) => stage.engine.control.get(ResumeStore).execute(officer(tenant), 'rows');
const left = (tenant: TestTenant) => ({
  rows: stage.left(tenant, 'rows/clicks'),
  files: stage.left(tenant, 'files/events'),
});
async function isToBeWoken(tenant: TestTenant) {
  const { worker, clock } = stage.engine;
  const bells = await worker
    .get(Transactions)
    .run(null, (tx) => worker.get(FindLostWork).execute(tx, clock.now()));
  return bells.some(
    ({ kind, payload }) =>
      kind === wakeLaneJob.kind && wakeLaneJob.parse(payload).laneId === tenant.laneOf('rows'),
  );
}

describe('a paused store', () => {
  it('is not touched until it is resumed, however long that takes; others of the lane go on', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const { store, inFlight } = await pause(tenant);
    expect(inFlight).toEqual([]);
    expect(store.pause).toMatchObject({ reason, draining: false });
    await stage.run(tenant, 'rows');
    stage.engine.clock.advance(40 * day);
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual({ rows: ['ann', 'stays'], files: ['stays'] });
    expect(tenant.stores['rows']!.script.calls).toEqual([]);
    expect(await isToBeWoken(tenant)).toBe(false);
    // Deadlines do not wait.
    const { overdue } = await stage.engine.worker.get(ReadObligations).backlog(stage.engine.clock.now());
    expect(overdue).toBeGreaterThan(0);
    expect((await resume(tenant)).pause).toBeNull();
    expect(await isToBeWoken(tenant)).toBe(true);
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual({ rows: ['stays'], files: ['stays'] });
  });

  it('works off what was planned before, and nothing of what came later, while it is draining', async () => {
    const tenant = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(1_000);
    expect((await pause(tenant, true)).store.pause).toMatchObject({ draining: true });
    stage.engine.clock.advance(1_000);
    await stage.erase(tenant, ['bob']);
    expect(await isToBeWoken(tenant)).toBe(true);
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual({ rows: ['bob', 'stays'], files: ['stays'] });
    expect(await isToBeWoken(tenant)).toBe(false);
    await resume(tenant);
    await stage.run(tenant, 'rows');
    expect(left(tenant).rows).toEqual(['stays']);
  });

  it('settles the batch in flight, which whoever pauses it is told', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    const gate = new Gate();
    tenant.stores['rows']!.script.plan({ verb: 'purge', moment: 'before', times: 1, act: gate.wait });
    const running = stage.run(tenant, 'rows');
    await gate.reached;
    const { inFlight } = await pause(tenant);
    expect(inFlight).toMatchObject([{ obligations: 1 }]);
    gate.open();
    await running;
    expect(left(tenant).rows).toEqual(['stays']);
    expect((await pause(tenant)).inFlight).toEqual([]);
  });

  it('is not compacted meanwhile', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    await pause(tenant);
    stage.engine.clock.advance(day);
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('compact')).toEqual([]);
    await resume(tenant);
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('compact')).toHaveLength(1);
  });

  it('is in the log, with digests of who and why', async () => {
    const tenant = await tenantWith([]);
    await pause(tenant, true);
    await resume(tenant);
    expect(await stage.entries(tenant, 'store.paused')).toEqual([
      {
        store: 'rows',
        draining: true,
        actor: expect.any(String) as string,
        reasonDigest: expect.any(String) as string,
      },
    ]);
    expect(JSON.stringify(await stage.entries(tenant, 'store.paused'))).not.toContain(reason);
    expect(await stage.entries(tenant, 'store.resumed')).toMatchObject([{ store: 'rows' }]);
  });

  it('is paused by nobody of another tenant, and nobody else’s stores are seen', async () => {
    const [tenant, other] = [await tenantWith([]), await tenantWith([])];
    await pause(tenant);
    const controls = await stage.engine.control.get(ReadControls).execute(officer(other));
    const [row] = await stage.owner<{ id: StoreId }>(
      "select id from stores where tenant_id = $1 and name = 'rows'",
      [tenant.id],
    );
    expect(controls(row!.id).pause).toBeNull();
    await expect(
      stage.engine.control.get(PauseStore).execute(officer(other), 'nowhere', { reason }),
    ).rejects.toMatchObject({ code: 'store.unknown' });
    await expect(
      stage.engine.control.get(PauseStore).execute(callerOf(tenant.id, 'auditor'), 'rows', { reason }),
    ).rejects.toMatchObject({ kind: 'forbidden' });
  });
});

describe('resuming', () => {
  it('is refused for a store that is worked on', async () => {
    const tenant = await tenantWith([]);
    await expect(resume(tenant)).rejects.toMatchObject({ code: 'store.not_paused' });
    expect(await stage.entries(tenant, 'store.resumed')).toEqual([]);
  });

  it('has a store whose circuit is open tried at once', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    tenant.stores['rows']!.script.plan({
      verb: 'purge',
      moment: 'before',
      act: () => {
        throw new DependencyError('unreachable', 'the store is broken');
      },
    });
    for (let time = 0; time < 6; time++) {
      await stage.run(tenant, 'rows');
      stage.engine.clock.advance(1_500);
    }
    tenant.stores['rows']!.script.calm();
    await stage.run(tenant, 'rows');
    expect(left(tenant).rows).toEqual(['ann', 'stays']);
    expect((await resume(tenant)).circuit).toMatchObject({ state: 'half_open', error: 'unreachable' });
    await stage.run(tenant, 'rows');
    expect(left(tenant).rows).toEqual(['stays']);
  });
});
