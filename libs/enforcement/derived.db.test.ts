import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { Stage } from './testing/stage.js';
import type { TestTenant } from './testing/open-engine.js';

const grace = 5_000;
const hour = 3_600_000;
/** Embeddings are made from messages; each store has a lane of its own. */
const stores = {
  source: { lane: 'a', datasets: { messages: {} } },
  derived: { lane: 'b', datasets: { embeddings: { derivedFrom: ['source/messages'] } } },
};
/** The same in one store, where one pass does both. */
const together = {
  source: {
    lane: 'a',
    datasets: { embeddings: { derivedFrom: ['source/messages'] }, messages: {} },
  },
};

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(people: readonly string[]) {
  const tenant = await stage.engine.tenant(stores);
  for (const dataset of ['source/messages', 'derived/embeddings'])
    stage.fill(tenant, dataset, [...people, 'stays']);
  return tenant;
}

async function part(tenant: TestTenant, dataset: string) {
  const found = (await stage.obligations(tenant)).find((one) => one.dataset === dataset);
  if (found === undefined) throw new TypeError(`no obligation for ${dataset}`);
  return found;
}

const bring = (tenant: TestTenant, down: boolean) => {
  const { script } = tenant.stores['source']!;
  script.calm();
  const act = () => {
    throw new DependencyError('unreachable', 'the store is down');
  };
  if (down) script.plan({ verb: 'purge', moment: 'before', act });
};

describe('derived data', () => {
  it('waits for its source, and goes as soon as the source is settled', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    expect(await stage.run(tenant, 'derived')).toBe(0);
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['ann', 'stays']);
    await stage.run(tenant, 'source');
    expect(await part(tenant, 'embeddings')).toMatchObject({ awaits: [], due_at: stage.engine.clock.now() });
    expect(await stage.run(tenant, 'derived')).toBe(1);
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: 'erased', exact: true, rows: '1' });
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['stays']);
  });

  it('is woken by its source: the bell is in the outbox of the transaction that settled it', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    await stage.owner('delete from outbox');
    await stage.run(tenant, 'source');
    const bells = await stage.owner<{ kind: string; payload: object }>(
      `select kind, payload from outbox where kind = 'wake-lane'`,
    );
    expect(bells).toEqual([{ kind: 'wake-lane', payload: { laneId: tenant.laneOf('derived') } }]);
  });

  it('in the same lane goes in the same run, after its source', async () => {
    const tenant = await stage.engine.tenant(together);
    for (const dataset of ['source/messages', 'source/embeddings']) stage.fill(tenant, dataset, ['ann']);
    await stage.erase(tenant, ['ann']);
    expect(await stage.run(tenant, 'source')).toBe(2);
    const purged = tenant.stores['source']!.script.callsOf('purge').map(({ dataset }) => dataset);
    expect(purged).toEqual(['messages', 'embeddings']);
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: 'erased' });
  });

  it('is not delayed beyond the grace by a source that is down, and is erased again after it', async () => {
    const tenant = await tenantWith(['ann']);
    const { script } = tenant.stores['derived']!;
    bring(tenant, true);
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(grace - 1);
    await stage.run(tenant, 'source');
    expect(await stage.run(tenant, 'derived')).toBe(0);
    stage.engine.clock.advance(1);
    expect(await stage.run(tenant, 'derived')).toBe(1);
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['stays']);
    // Erased, yet open: what the source still holds may be derived again.
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: null, due_at: null, rows: '1' });
    expect(await stage.leaves(tenant)).toEqual([]);
    stage.engine.clock.advance(hour);
    expect(await stage.run(tenant, 'derived')).toBe(0);

    stage.fill(tenant, 'derived/embeddings', ['ann']);
    bring(tenant, false);
    await stage.run(tenant, 'source');
    expect(await stage.run(tenant, 'derived')).toBe(1);
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['stays']);
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: 'erased', rows: '2', exact: true });
    expect(script.callsOf('purge')).toHaveLength(2);
    expect((await stage.leaves(tenant)).map(({ dataset }) => dataset)).toEqual([
      'source/messages',
      'derived/embeddings',
    ]);
  });

  it('that was erased ahead of its source, and is not there any more after it, is erased, not not_found', async () => {
    const tenant = await tenantWith(['ann']);
    bring(tenant, true);
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(grace);
    await stage.run(tenant, 'source');
    await stage.run(tenant, 'derived');
    bring(tenant, false);
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'source');
    await stage.run(tenant, 'derived');
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: 'erased', rows: '1', exact: true });
  });

  it('that an attempt erased without living to tell, ahead of its source, never ends not_found', async () => {
    const tenant = await tenantWith(['ann']);
    bring(tenant, true);
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(grace);
    await stage.run(tenant, 'source');
    tenant.stores['derived']!.script.plan({
      verb: 'verify',
      moment: 'before',
      times: 1,
      act: () => {
        throw new DependencyError('timeout', 'no answer');
      },
    });
    await stage.run(tenant, 'derived');
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['stays']);
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'derived');
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: null, due_at: null });
    bring(tenant, false);
    await stage.run(tenant, 'source');
    await stage.run(tenant, 'derived');
    expect(await part(tenant, 'embeddings')).toMatchObject({ outcome: 'erased', exact: false });
    const [, leaf] = await stage.leaves(tenant);
    expect(leaf).toMatchObject({ dataset: 'derived/embeddings', outcome: 'erased', exact: false });
  });

  it('is released by a source that was given up, and says itself what became of it', async () => {
    const tenant = await tenantWith(['ann']);
    const act = () => {
      throw new DependencyError('unauthorized', 'the password has changed');
    };
    tenant.stores['source']!.script.plan({ verb: 'purge', moment: 'before', act });
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'source');
    await stage.run(tenant, 'derived');
    expect(
      (await stage.obligations(tenant)).map(({ dataset, outcome }) => [dataset, outcome]).sort(),
    ).toEqual([
      ['embeddings', 'erased'],
      ['messages', 'failed'],
    ]);
  });

  it("waits for its own person's source only", async () => {
    const tenant = await tenantWith(['ann', 'bob']);
    tenant.stores['source']!.script.failing.set('ann', 'conflict');
    const [ann, bob] = await stage.erase(tenant, ['ann', 'bob']);
    await stage.run(tenant, 'source');
    expect(await stage.run(tenant, 'derived')).toBe(1);
    const embeddings = (await stage.obligations(tenant)).filter(({ dataset }) => dataset === 'embeddings');
    expect(new Map(embeddings.map(({ cause_id, outcome }) => [cause_id, outcome]))).toEqual(
      new Map([
        [ann, null],
        [bob, 'erased'],
      ]),
    );
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['ann', 'stays']);
  });

  it('whose source settles while it is being erased ahead of it is erased once more', async () => {
    const tenant = await tenantWith(['ann']);
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(grace);
    tenant.stores['derived']!.script.plan({
      verb: 'verify',
      moment: 'after',
      times: 1,
      act: async () => {
        await stage.run(tenant, 'source');
      },
    });
    expect(await stage.run(tenant, 'derived')).toBe(2);
    expect(tenant.stores['derived']!.script.callsOf('purge')).toHaveLength(2);
    expect(await part(tenant, 'embeddings')).toMatchObject({
      outcome: 'erased',
      rows: '1',
    });
  });

  it('from two datasets that settle in one batch waits for neither any more', async () => {
    const tenant = await stage.engine.tenant({
      source: { lane: 'a', datasets: { messages: {}, events: {} } },
      derived: {
        lane: 'b',
        datasets: { features: { derivedFrom: ['source/messages', 'source/events'] } },
      },
    });
    stage.fill(tenant, 'derived/features', ['ann']);
    await stage.erase(tenant, ['ann']);
    expect(await stage.run(tenant, 'source')).toBe(2);
    expect(await part(tenant, 'features')).toMatchObject({ awaits: [], due_at: stage.engine.clock.now() });
    await stage.run(tenant, 'derived');
    expect(await part(tenant, 'features')).toMatchObject({ outcome: 'erased' });
  });

  it('from two datasets waits for the second when the first has settled', async () => {
    const tenant = await stage.engine.tenant({
      first: { lane: 'a', datasets: { messages: {} } },
      second: { lane: 'b', datasets: { events: {} } },
      derived: {
        lane: 'c',
        datasets: { features: { derivedFrom: ['first/messages', 'second/events'] } },
      },
    });
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'first');
    expect(await part(tenant, 'features')).toMatchObject({ awaits: ['second/events'] });
    expect(await stage.run(tenant, 'derived')).toBe(0);
    await stage.run(tenant, 'second');
    expect(await stage.run(tenant, 'derived')).toBe(1);
    expect(await part(tenant, 'features')).toMatchObject({ outcome: 'not_found', exact: true });
  });

  it('whose sources settle at the same time in many lanes is neither stuck nor let go early', async () => {
    const people = Array.from({ length: 150 }, (_, index) => `p${index}`);
    const sources = ['s0', 's1', 's2'];
    const tenant = await stage.engine.tenant({
      ...Object.fromEntries(sources.map((name) => [name, { lane: name, datasets: { events: {} } }])),
      derived: {
        lane: 'd',
        datasets: { features: { derivedFrom: sources.map((name) => `${name}/events`) } },
      },
    });
    stage.fill(tenant, 'derived/features', people);
    await stage.erase(tenant, people);
    await Promise.all(sources.map((name) => stage.run(tenant, name)));
    expect(await stage.run(tenant, 'derived')).toBe(people.length);
    const stored = await stage.obligations(tenant);
    expect(new Set(stored.map(({ outcome }) => outcome))).toEqual(new Set(['not_found', 'erased']));
    const causes = await stage.owner<{ open: number }>('select open from causes where tenant_id = $1', [
      tenant.id,
    ]);
    expect(new Set(causes.map(({ open }) => open))).toEqual(new Set([0]));
    expect(stage.left(tenant, 'derived/features')).toEqual([]);
  });
});
