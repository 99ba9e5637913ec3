import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MemoryStore } from '../testing/memory-store.js';
import { Stage } from '../testing/stage.js';

const stores = { rows: { lane: 'a', datasets: { clicks: {} } } };

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

/** From now on each call takes so long for each person; answers the calls as they come, with when they began. */
function take(store: MemoryStore, milliseconds: number) {
  const calls: { readonly people: number; readonly began: number; readonly ended: number }[] = [];
  store.script.calm();
  store.script.plan({
    verb: 'purge',
    moment: 'after',
    act: () => {
      const people = store.script.callsOf('purge').at(-1)?.subjects.length ?? 0;
      const began = stage.engine.clock.now().getTime();
      stage.engine.clock.advance(people * milliseconds);
      calls.push({ people, began, ended: began + people * milliseconds });
    },
  });
  return calls;
}

describe('a store that becomes slower', () => {
  it('is asked for less at once and left alone as long as a call took, until it has recovered', async () => {
    const tenant = await stage.engine.tenant(stores);
    const store = tenant.stores['rows']!;
    let people = 0;
    const work = async (count: number) => {
      const names = Array.from({ length: count }, () => `p${people++}`);
      stage.fill(tenant, 'rows/clicks', names);
      await stage.erase(tenant, names);
      await stage.run(tenant, 'rows');
      expect(stage.left(tenant, 'rows/clicks')).toEqual([]);
    };
    take(store, 1);
    await work(400);

    const slow = take(store, 10);
    await work(400);
    await work(400);
    expect(slow[0]).toMatchObject({ people: 400 });
    for (const [index, call] of slow.entries()) {
      const before = slow[index - 1];
      if (before === undefined) continue;
      expect(call.people).toBeLessThanOrEqual(200);
      const took = before.ended - before.began;
      // Shorter ones are as slow as any call may be.
      if (took >= 1_000) expect(call.began - before.ended).toBeGreaterThanOrEqual(took);
    }

    const recovered = take(store, 1);
    await work(800);
    expect(recovered[0]!.people).toBeLessThan(400);
    for (const [index, { people: many, began }] of recovered.slice(0, -1).entries()) {
      const next = recovered[index + 1]!;
      if (index + 2 < recovered.length) expect(next.people).toBeGreaterThan(many);
      expect(next.began).toBe(began + many);
    }
  });
});
