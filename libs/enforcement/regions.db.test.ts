import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '#platform/database';
import { Elsewhere } from '#platform/runtime';
import { CheckStores } from '#stores';
import { callerOf } from '#testing';
import { FindIdleLanes } from './lanes/find-idle.js';
import { RequestRescan, RescanStores } from './rescan-stores.js';
import { Stage } from './testing/stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ regions: ['eu'] });
});
afterAll(async () => {
  await stage.close();
});

const live = () => new AbortController().signal;
const tenantIn = (...regions: readonly string[]) =>
  stage.engine.tenant(
    Object.fromEntries(
      regions.map((region) => [region, { lane: region, region, datasets: { clicks: {} } }] as const),
    ),
  );

describe('a worker of one region', () => {
  it('works off the lanes of that region, and leaves others as they are', async () => {
    const tenant = await tenantIn('eu', 'us');
    for (const store of ['eu', 'us']) stage.fill(tenant, `${store}/clicks`, ['ann', 'stays']);
    await stage.erase(tenant, ['ann']);
    const { worker, clock } = stage.engine;
    const find = () =>
      worker.get(Transactions).run(null, (tx) => worker.get(FindIdleLanes).execute(tx, clock.now()));
    expect(await find()).toEqual([tenant.laneOf('eu')]);
    await expect(stage.run(tenant, 'us')).rejects.toThrow(Elsewhere);
    expect(await stage.run(tenant, 'eu')).toBe(1);
    expect(stage.left(tenant, 'eu/clicks')).toEqual(['stays']);
    expect(stage.left(tenant, 'us/clicks')).toEqual(['ann', 'stays']);
    expect(tenant.stores['us']!.script.calls).toEqual([]);
    expect(await find()).toEqual([]);
  });

  it('re-scans its own stores, and passes the others on', async () => {
    const tenant = await tenantIn('eu', 'us');
    const { control, worker, clock } = stage.engine;
    const caller = callerOf(tenant.id);
    const ask = (store: string) => control.get(RequestRescan).execute(caller, store, clock.now());
    const asked = [await ask('us'), await ask('eu')];
    await expect(worker.get(RescanStores).execute(tenant.id, live())).rejects.toThrow(Elsewhere);
    const states = asked.map(async (id) => (await control.get(RequestRescan).find(caller, id)).state);
    expect(await Promise.all(states)).toEqual(['requested', 'finished']);
  });

  it('checks its own stores, and says nothing of the others', async () => {
    const tenant = await tenantIn('eu', 'us');
    await stage.owner(`update stores set state = 'unchecked' where tenant_id = $1`, [tenant.id]);
    await expect(stage.engine.worker.get(CheckStores).execute(tenant.id)).rejects.toThrow(Elsewhere);
    const states = await stage.owner('select name, state from stores where tenant_id = $1 order by name', [
      tenant.id,
    ]);
    expect(states).toMatchObject([{ name: 'eu' }, { name: 'us', state: 'unchecked' }]);
    expect(states[0]).not.toMatchObject({ state: 'unchecked' });
  });

  it('passes nothing on where everything is its own', async () => {
    const tenant = await tenantIn('eu');
    await stage.engine.worker.get(RescanStores).execute(tenant.id, live());
    await stage.engine.worker.get(CheckStores).execute(tenant.id);
    expect(await stage.run(tenant, 'eu')).toBe(0);
  });
});
