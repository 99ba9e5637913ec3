import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { RegisterDataMap } from '#stores';
import { callerOf } from '#testing';
import { PlanWithdrawals } from './plan-withdrawals.js';
import { dataMapOf } from './testing/data-map.js';
import { Gate } from './testing/script.js';
import { Stage } from './testing/stage.js';
import type { TestTenant } from './testing/open-engine.js';

const hour = 3_600_000;
/** `clicks` rows say what each was collected for; `profiles` was collected for two purposes at once. */
const stores = {
  rows: {
    lane: 'a',
    datasets: {
      clicks: { purposes: 'each row' as const },
      profiles: { purposes: ['training', 'ads'] },
    },
  },
};

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(...people: readonly string[]) {
  const tenant = await stage.engine.tenant(stores);
  for (const purposes of [['training'], ['ads'], ['training', 'ads'], ['recommendations', 'ads']])
    stage.fill(tenant, 'rows/clicks', people, { purposes });
  stage.fill(tenant, 'rows/profiles', people);
  return tenant;
}

const plan = (tenant: TestTenant) => stage.engine.worker.get(PlanWithdrawals).execute(tenant.id);

/** What is left in `clicks`, as `person: purposes`. */
const clicks = (tenant: TestTenant) =>
  tenant.stores['rows']!.read('rows.clicks').map(({ key, purposes }) => `${key}: ${purposes?.join('+')}`);

async function outcomes(tenant: TestTenant) {
  const stored = await stage.obligations(tenant);
  return Object.fromEntries(stored.map(({ dataset, outcome }) => [dataset, outcome]));
}

async function withdrawn(...purposes: readonly string[]) {
  const tenant = await tenantWith('ann');
  await stage.consent(tenant, 'ann', 'grant', 'training', 'ads', 'recommendations');
  await stage.consent(tenant, 'ann', 'withdraw', ...purposes);
  return tenant;
}

describe('a withdrawal', () => {
  it('removes what was collected for lost purposes alone', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    await stage.run(tenant, 'rows');
    expect(clicks(tenant)).toEqual(['ann: recommendations+ads']);
    expect(stage.left(tenant, 'rows/profiles')).toEqual([]);
    expect(await outcomes(tenant)).toEqual({ clicks: 'erased', profiles: 'erased' });
  });

  it('granted again before the worker acts is superseded, and the store is not even asked', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    const before = [clicks(tenant), stage.left(tenant, 'rows/profiles')];
    await stage.consent(tenant, 'ann', 'grant', 'training', 'ads');
    expect(await stage.run(tenant, 'rows')).toBe(2);
    expect(await outcomes(tenant)).toEqual({ clicks: 'superseded', profiles: 'superseded' });
    expect(tenant.stores['rows']!.script.calls).toEqual([]);
    expect([clicks(tenant), stage.left(tenant, 'rows/profiles')]).toEqual(before);
    expect(await stage.leaves(tenant)).toMatchObject([{ outcome: 'superseded' }, { outcome: 'superseded' }]);
  });

  it('narrowed before the worker acts removes only what is still lost', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    await stage.consent(tenant, 'ann', 'grant', 'ads');
    await stage.run(tenant, 'rows');
    expect(clicks(tenant)).toEqual(['ann: ads', 'ann: training+ads', 'ann: recommendations+ads']);
    expect(stage.left(tenant, 'rows/profiles')).toEqual(['ann']);
    expect(await outcomes(tenant)).toEqual({ clicks: 'erased', profiles: 'superseded' });
  });

  it('widened before the worker acts removes no more than it was planned for; the second withdrawal does', async () => {
    const tenant = await withdrawn('training');
    await plan(tenant);
    await stage.consent(tenant, 'ann', 'withdraw', 'ads');
    await stage.run(tenant, 'rows');
    expect(clicks(tenant)).toEqual(['ann: ads', 'ann: training+ads', 'ann: recommendations+ads']);
    expect(stage.left(tenant, 'rows/profiles')).toEqual(['ann']);
    await plan(tenant);
    await stage.run(tenant, 'rows');
    expect(clicks(tenant)).toEqual(['ann: recommendations+ads']);
    expect(stage.left(tenant, 'rows/profiles')).toEqual([]);
  });

  it('granted again between two attempts is superseded at the second', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    const { script } = tenant.stores['rows']!;
    const act = () => {
      throw new DependencyError('unreachable', 'the store is down');
    };
    script.plan({ verb: 'purge', moment: 'before', act });
    await stage.run(tenant, 'rows');
    script.calm();
    await stage.consent(tenant, 'ann', 'grant', 'training', 'ads');
    stage.engine.clock.advance(hour);
    const before = [clicks(tenant), stage.left(tenant, 'rows/profiles')];
    await stage.run(tenant, 'rows');
    expect(await outcomes(tenant)).toEqual({ clicks: 'superseded', profiles: 'superseded' });
    expect([clicks(tenant), stage.left(tenant, 'rows/profiles')]).toEqual(before);
    expect(await stage.leaves(tenant)).toMatchObject([{ exact: false }, { exact: false }]);
  });

  it('granted again after a worker has acted and died is superseded, without a claim that nothing was removed', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    const gate = new Gate();
    tenant.stores['rows']!.script.plan({ verb: 'purge', moment: 'after', times: 1, act: gate.wait });
    const dying = stage.run(tenant, 'rows');
    await gate.reached;
    stage.engine.clock.advance(hour);
    await stage.consent(tenant, 'ann', 'grant', 'training', 'ads');
    await stage.run(tenant, 'rows');
    gate.open();
    expect(await dying).toBe(0);
    expect(clicks(tenant)).toEqual(['ann: recommendations+ads']);
    const superseded = { outcome: 'superseded', exact: false };
    expect(await stage.obligations(tenant)).toMatchObject([superseded, superseded]);
    expect(await stage.leaves(tenant)).toMatchObject([superseded, superseded]);
  });

  it('granted again before it is planned leads to no work at all', async () => {
    const tenant = await withdrawn('training', 'ads');
    await stage.consent(tenant, 'ann', 'grant', 'training', 'ads');
    await plan(tenant);
    expect(await stage.obligations(tenant)).toEqual([]);
  });

  it('granted again by one person saves no other', async () => {
    const tenant = await tenantWith('ann', 'bob');
    for (const person of ['ann', 'bob']) await stage.consent(tenant, person, 'withdraw', 'training', 'ads');
    await plan(tenant);
    await stage.consent(tenant, 'ann', 'grant', 'training', 'ads');
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/profiles')).toEqual(['ann']);
    expect(clicks(tenant).filter((click) => click.startsWith('bob'))).toEqual(['bob: recommendations+ads']);
    expect(clicks(tenant).filter((click) => click.startsWith('ann'))).toHaveLength(4);
  });

  it('of a purpose keeps what is collected for it afterwards', async () => {
    const tenant = await withdrawn('training', 'ads');
    await plan(tenant);
    stage.fill(tenant, 'rows/profiles', ['ann'], { at: stage.from(0) });
    stage.fill(tenant, 'rows/profiles', ['ann'], { at: stage.from(1) });
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.read('rows.profiles')).toMatchObject([{ key: 'ann', at: stage.from(1) }]);
  });
});

describe('work whose dataset left the data map', () => {
  it('is superseded, and the store is not asked', async () => {
    const tenant = await tenantWith('ann');
    await stage.erase(tenant, ['ann']);
    const { clicks: kept } = stores.rows.datasets;
    const map = dataMapOf({ rows: { lane: 'a', datasets: { clicks: kept } } }, tenant.id);
    await stage.engine.control.get(RegisterDataMap).execute(callerOf(tenant.id), map);
    await stage.run(tenant, 'rows');
    expect(await outcomes(tenant)).toEqual({ clicks: 'erased', profiles: 'superseded' });
    expect(stage.left(tenant, 'rows/profiles')).toEqual(['ann']);
    expect((await stage.leaves(tenant)).map(({ dataset }) => dataset).sort()).toEqual([
      'rows/clicks',
      'rows/profiles',
    ]);
  });
});

describe('rows newer than asOf', () => {
  it('stay, and do not count as survivors; those collected exactly then go', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
    const asOf = stage.engine.clock.now();
    for (const at of [-1, 0, 1, hour]) stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(at) });
    await stage.erase(tenant, ['ann'], asOf);
    // Time goes by before anybody acts: what counts is when the request was accepted.
    stage.engine.clock.advance(24 * hour);
    await stage.run(tenant, 'rows');
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', rows: '2', exact: true });
    const left = tenant.stores['rows']!.read('rows.clicks').map(({ at }) => at!.getTime() - asOf.getTime());
    expect(left).toEqual([1, hour]);
  });

  it('stay on every retry too', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(hour) });
    await stage.erase(tenant, ['ann']);
    const act = () => {
      throw new DependencyError('timeout', 'no answer');
    };
    tenant.stores['rows']!.script.plan({ verb: 'verify', moment: 'before', times: 2, act });
    for (let attempt = 1; attempt <= 3; attempt++) {
      await stage.run(tenant, 'rows');
      stage.engine.clock.advance(2 * hour);
    }
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', rows: '0', exact: false });
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann']);
  });

  it('go when a second cause for the same person reaches that far: acted on once, and counted once', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
    for (const at of [0, hour, hour + 1]) stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(at) });
    await stage.erase(tenant, ['ann'], stage.from(0));
    await stage.erase(tenant, ['ann'], stage.from(hour));
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('purge')).toMatchObject([{ subjects: ['ann'] }]);
    const stored = await stage.obligations(tenant);
    expect(stored.filter(({ settled_at: at }) => at === null)).toEqual([]);
    expect(stored.reduce((total, { rows }) => total + Number(rows), 0)).toBe(2);
    // Neither receipt says that there was nothing.
    const told = stored.map(({ outcome, exact }) => [outcome, exact]);
    expect(told.toSorted()).toEqual([
      ['erased', false],
      ['erased', true],
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann']);
  });

  it('of one person do not go because another person asked later', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
    const early = stage.engine.clock.now();
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob'], { at: stage.from(1) });
    await stage.erase(tenant, ['ann'], early);
    await stage.erase(tenant, ['bob'], stage.from(1));
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('purge')).toHaveLength(1);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann']);
  });
});
