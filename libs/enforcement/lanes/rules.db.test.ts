import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy } from '#policy';
import { callerOf } from '#testing';
import { FindLostWork } from '../find-lost-work.js';
import { wakeLaneJob } from '../jobs.js';
import { policy as base } from '../testing/data-map.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Gate } from '../testing/script.js';
import { Stage } from '../testing/stage.js';

const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, views: {}, likes: {} } },
  files: { lane: 'a', datasets: { events: {} } },
};
const hour = 3_600_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

/** A tenant with a policy that says this about the lane of `rows`. */
async function tenantWith(people: readonly string[], rule: object) {
  const tenant = await stage.engine.tenant(stores);
  const { control } = stage.engine;
  const document = JSON.stringify({ ...(JSON.parse(base) as object), lanes: { rows: rule } });
  const applied = { policy: parsePolicy(document), files: [], effectiveAt: null, planDigest: null };
  await control
    .get(Transactions)
    .run(tenant.id, (tx) => control.get(ApplyPolicy).execute(tx, callerOf(tenant.id), applied));
  stage.fill(tenant, 'rows/clicks', people);
  stage.fill(tenant, 'files/events', people);
  return { tenant, script: tenant.stores['rows']!.script };
}

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

describe('the window of a lane', () => {
  it('keeps work from its store until it opens, and the reconciler wakes it then', async () => {
    const hourNow = stage.engine.clock.now().getUTCHours();
    const two = (value: number) => String(value % 24).padStart(2, '0');
    const window = `${two(hourNow + 2)}-${two(hourNow + 3)}`;
    const { tenant, script } = await tenantWith(['ann'], { window });
    await stage.erase(tenant, ['ann']);
    expect(await isToBeWoken(tenant)).toBe(true);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'files/events')).toEqual([]);
    expect(script.calls).toEqual([]);
    expect(await isToBeWoken(tenant)).toBe(false);
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    expect(script.calls).toEqual([]);
    expect(await isToBeWoken(tenant)).toBe(false);
    stage.engine.clock.advance(hour);
    expect(await isToBeWoken(tenant)).toBe(true);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual([]);
  });

  it('is not broken for a deadline that passes outside of it', async () => {
    const hourNow = stage.engine.clock.now().getUTCHours();
    const two = (value: number) => String((value + 24) % 24).padStart(2, '0');
    const { tenant, script } = await tenantWith(['ann'], {
      window: `${two(hourNow - 2)}-${two(hourNow - 1)}`,
    });
    await stage.erase(tenant, ['ann'], stage.from(-40 * 24 * hour));
    await stage.run(tenant, 'rows');
    expect(script.calls).toEqual([]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann']);
  });
});

describe('the rate of a lane', () => {
  it('holds over a run: after each call the store rests, and others of the lane go on', async () => {
    const people = Array.from({ length: 100 }, (_, index) => `p${index}`);
    const { tenant, script } = await tenantWith(people, { rowsPerSecond: 10 });
    const started: Date[] = [];
    const others: Date[] = [];
    const note = (all: Date[]) => () => {
      all.push(stage.engine.clock.now());
    };
    script.plan({ verb: 'purge', dataset: 'clicks', moment: 'before', act: note(started) });
    tenant.stores['files']!.script.plan({ verb: 'purge', moment: 'before', act: note(others) });
    await stage.erase(tenant, people);
    const begin = stage.engine.clock.now().getTime();
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual([]);
    const removed = script.callsOf('purge', 'clicks').map(({ subjects }) => subjects.length);
    expect(removed.reduce((total, one) => total + one, 0)).toBe(100);
    // At any moment no more rows have gone than the rate gives, but for the call that began there.
    let before = 0;
    for (const [index, at] of started.entries()) {
      expect(at.getTime() - begin).toBeGreaterThanOrEqual(before * 100);
      before += removed[index] ?? 0;
    }
    expect(stage.engine.clock.now().getTime() - begin).toBeGreaterThanOrEqual(10_000);
    expect(others.map((at) => at.getTime())).toEqual([begin]);
  });

  it('holds for each step of a sweep', async () => {
    const people = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const { tenant, script } = await tenantWith(people, { rowsPerSecond: 10 });
    await stage.owner(
      `with c as (insert into causes (tenant_id, id, kind, open, planned_at) values ($1, gen_random_uuid(), 'sweep', 1, now()) returning id)
       insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, cut_off, as_of, deadline, due_at, policy_version, planned_at)
       select $1, gen_random_uuid(), s.lane_id, s.id, 'clicks', 'purge', 'sweep', c.id, $2, $2, $2, $2, 1, $2 from stores s, c
        where s.tenant_id = $1 and s.name = 'rows'`,
      [tenant.id, stage.from(0)],
    );
    const begin = stage.engine.clock.now().getTime();
    await stage.run(tenant, 'rows');
    expect(script.callsOf('purgeBefore')).toHaveLength(3);
    expect(stage.left(tenant, 'rows/clicks')).toEqual([]);
    expect(stage.engine.clock.now().getTime() - begin).toBeGreaterThanOrEqual(2_000);
  });
});

describe('the concurrency of a lane', () => {
  it.each([
    [1, 1],
    [2, 2],
    [64, 3],
  ])('of %i has %i calls of three datasets at once', async (concurrency, most) => {
    const { tenant, script } = await tenantWith(['ann'], { concurrency });
    await stage.erase(tenant, ['ann']);
    const gate = new Gate();
    let [now, peak] = [0, 0];
    script.plan({
      verb: 'purge',
      moment: 'before',
      act: async () => {
        peak = Math.max(peak, ++now);
        if (now === most) gate.open();
        await gate.wait();
      },
    });
    script.plan({
      verb: 'purge',
      moment: 'after',
      act: () => {
        now--;
      },
    });
    await stage.run(tenant, 'rows');
    expect(peak).toBe(most);
    expect((await stage.obligations(tenant)).every(({ settled_at: settled }) => settled !== null)).toBe(true);
  });
});
