import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, type DependencyCode } from '#kernel';
import { Transactions } from '#platform/database';
import { FindLostWork } from '../find-lost-work.js';
import { wakeLaneJob } from '../jobs.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage } from '../testing/stage.js';

const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, views: {} } },
  files: { lane: 'a', datasets: { events: {} } },
};
const minute = 60_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const breakWith = (code: DependencyCode) => () => {
  throw new DependencyError(code, 'the store is broken');
};

async function tenantWith(people: readonly string[]) {
  const tenant = await stage.engine.tenant(stores);
  for (const dataset of ['rows/clicks', 'rows/views', 'files/events'])
    stage.fill(tenant, dataset, [...people, 'stays']);
  return { tenant, rows: tenant.stores['rows']!, files: tenant.stores['files']! };
}

/** Runs the lane again and again while the clock stands as good as still. */
async function runOften(tenant: TestTenant, times = 10) {
  for (let time = 0; time < times; time++) {
    await stage.run(tenant, 'rows');
    stage.engine.clock.advance(700);
  }
}

async function outcomes(tenant: TestTenant, dataset: string) {
  return (await stage.obligations(tenant))
    .filter((one) => one.dataset === dataset)
    .map(({ outcome, attempts }) => ({ outcome, attempts }));
}

async function circuitOf(tenant: TestTenant) {
  const [row] = await stage.owner<{
    readonly failures: number;
    readonly trips: number;
    readonly error: string | null;
    readonly opened_at: Date | null;
    readonly probe_at: Date | null;
  }>(
    `select failures, trips, error, opened_at, probe_at from store_controls c join stores s on s.id = c.store_id
      where s.tenant_id = $1 and s.name = 'rows'`,
    [tenant.id],
  );
  return row;
}

async function lanesToWake() {
  const { worker, clock } = stage.engine;
  const bells = await worker
    .get(Transactions)
    .run(null, (tx) => worker.get(FindLostWork).execute(tx, clock.now()));
  return bells.flatMap(({ kind, payload }) =>
    kind === wakeLaneJob.kind ? [wakeLaneJob.parse(payload).laneId] : [],
  );
}

describe('an outage of a store', () => {
  it('opens its circuit: nothing more is asked of it, and no attempts are spent, while other stores go on', async () => {
    const { tenant, rows } = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann']);
    rows.script.plan({ verb: 'purge', moment: 'before', act: breakWith('unreachable') });
    await runOften(tenant);
    const asked = rows.script.callsOf('purge').length;
    expect(asked).toBe(3);
    await stage.erase(tenant, ['bob']);
    await runOften(tenant, 5);
    expect(rows.script.callsOf('purge')).toHaveLength(asked);
    expect(await circuitOf(tenant)).toMatchObject({ failures: 3, trips: 1, error: 'unreachable' });
    expect(stage.left(tenant, 'files/events')).toEqual(['stays']);
    for (const dataset of ['clicks', 'views'])
      for (const { outcome, attempts } of await outcomes(tenant, dataset)) {
        expect(outcome).toBeNull();
        expect(attempts).toBeLessThanOrEqual(1);
      }
    expect(await lanesToWake()).not.toContain(tenant.laneOf('rows'));
  });

  it('of days ends nothing as failed: all of it is erased once it is over', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    rows.script.plan({ verb: 'purge', moment: 'before', act: breakWith('timeout') });
    for (let time = 0; time < 60; time++) {
      await stage.run(tenant, 'rows');
      stage.engine.clock.advance(20 * minute);
    }
    expect(rows.script.callsOf('purge').length).toBeGreaterThan(40);
    for (const dataset of ['clicks', 'views'])
      expect(await outcomes(tenant, dataset)).toEqual([
        { outcome: null, attempts: expect.any(Number) as number },
      ]);
    expect(Math.max(...(await stage.obligations(tenant)).map(({ attempts }) => attempts))).toBeLessThan(5);
    rows.script.calm();
    expect(await lanesToWake()).toContain(tenant.laneOf('rows'));
    await stage.run(tenant, 'rows');
    await stage.run(tenant, 'rows');
    for (const dataset of ['clicks', 'views'])
      expect(await outcomes(tenant, dataset)).toMatchObject([{ outcome: 'erased' }]);
    expect(await circuitOf(tenant)).toMatchObject({ failures: 0, trips: 0, opened_at: null, probe_at: null });
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('is tried again by one small batch, and by others than those that were tried last', async () => {
    const people = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const { tenant, rows } = await tenantWith(people);
    await stage.erase(tenant, people);
    rows.script.plan({ verb: 'purge', moment: 'before', act: breakWith('unreachable') });
    await runOften(tenant);
    const tries = [];
    for (let time = 0; time < 3; time++) {
      const before = rows.script.callsOf('purge').length;
      stage.engine.clock.advance(20 * minute);
      await stage.run(tenant, 'rows');
      const tried = rows.script.callsOf('purge').slice(before);
      expect(tried).toHaveLength(1);
      tries.push(
        tried.flatMap(({ dataset, subjects }) => subjects.map((subject) => `${dataset} ${subject}`)),
      );
    }
    for (const { length } of tries) expect(length).toBeLessThanOrEqual(10);
    expect(new Set(tries.flat()).size).toBe(tries.flat().length);
    rows.script.calm();
    stage.engine.clock.advance(20 * minute);
    await stage.run(tenant, 'rows');
    stage.engine.clock.advance(20 * minute);
    await stage.run(tenant, 'rows');
    expect((await stage.obligations(tenant)).filter(({ outcome }) => outcome !== 'erased')).toEqual([]);
  });

  it('that ends in the middle leaves the counts of what was tried inexact', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    rows.script.plan({ verb: 'verify', moment: 'before', act: breakWith('timeout') });
    await runOften(tenant);
    rows.script.calm();
    stage.engine.clock.advance(20 * minute);
    await runOften(tenant);
    for (const { dataset, outcome, exact } of await stage.obligations(tenant))
      expect({ dataset, outcome, exact }).toEqual({
        dataset,
        outcome: 'erased',
        exact: dataset === 'events',
      });
  });
});

describe('a circuit stays closed', () => {
  it('for a fault that lasts: the work ends failed, as it should', async () => {
    const { tenant, rows } = await tenantWith(['ann', 'bob']);
    await stage.erase(tenant, ['ann', 'bob']);
    rows.script.plan({ verb: 'purge', moment: 'before', act: breakWith('unauthorized') });
    await runOften(tenant);
    expect(await circuitOf(tenant)).toMatchObject({ failures: 0, probe_at: null });
    expect(await outcomes(tenant, 'clicks')).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }]);
  });

  it('for the failure of some people, of whom the store said so itself', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    rows.script.failing.set('ann', 'timeout');
    await runOften(tenant);
    expect(await circuitOf(tenant)).toMatchObject({ failures: 0, probe_at: null });
  });

  it('for a call that was aborted because the worker stops', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    for (let time = 0; time < 5; time++) {
      const stop = new AbortController();
      rows.script.plan({
        verb: 'purge',
        moment: 'before',
        times: 1,
        act: () => {
          stop.abort();
          throw new DependencyError('timeout', 'the call was aborted');
        },
      });
      await stage.run(tenant, 'rows', stop.signal);
      stage.engine.clock.advance(minute);
    }
    expect((await circuitOf(tenant))?.failures ?? 0).toBe(0);
  });

  it('for what a worker learned whose lane was taken over', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    rows.script.plan({
      verb: 'purge',
      moment: 'before',
      act: async () => {
        await stage.owner('update lanes set fence = fence + 1 where id = $1', [tenant.laneOf('rows')]);
        throw new DependencyError('unreachable', 'the store is broken');
      },
    });
    await stage.run(tenant, 'rows');
    expect(await circuitOf(tenant)).toBeUndefined();
  });
});

describe('the sweeps of a dataset', () => {
  it('do not share the failure of one of them', async () => {
    const { tenant, rows } = await tenantWith(['ann']);
    const sweep = async (cutOff: Date) => {
      await stage.owner(
        `with c as (insert into causes (tenant_id, id, kind, open, planned_at) values ($1, gen_random_uuid(), 'sweep', 1, now()) returning id)
         insert into obligations (tenant_id, id, lane_id, store_id, dataset, action, cause_kind, cause_id, cut_off, as_of, deadline, due_at, policy_version, planned_at)
         select $1, gen_random_uuid(), s.lane_id, s.id, 'clicks', 'purge', 'sweep', c.id, $2, $2, $3, $3, 1, $3 from stores s, c
          where s.tenant_id = $1 and s.name = 'rows'`,
        [tenant.id, cutOff, stage.from(0)],
      );
    };
    for (const days of [1, 2, 3]) await sweep(stage.from(-days * 24 * 60 * minute));
    rows.script.plan({ verb: 'purgeBefore', moment: 'before', times: 1, act: breakWith('conflict') });
    await stage.run(tenant, 'rows');
    expect(rows.script.callsOf('purgeBefore')).toHaveLength(3);
    expect((await stage.obligations(tenant)).filter(({ error }) => error !== null)).toHaveLength(1);
  });
});
