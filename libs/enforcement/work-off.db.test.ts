import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { accounts, Holding } from './testing/holding.js';
import { Gate } from './testing/script.js';
import { Stage } from './testing/stage.js';

const people = ['ann', 'bob', 'cid', 'dot', 'eve'];
const lease = 30_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ beats: { batchSize: 2 } });
});
afterAll(async () => {
  await stage.close();
});

/** Five people to erase, of whom a batch takes two; the store stops at a gate around one of its purges. */
async function backlog(nth: number, moment: 'before' | 'after') {
  const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
  stage.fill(tenant, 'rows/clicks', [...people, 'stays']);
  await stage.erase(tenant, people);
  const { script } = tenant.stores['rows']!;
  const gate = new Gate();
  let calls = 0;
  const act = async () => {
    calls += 1;
    if (calls === nth) await gate.wait();
  };
  script.plan({ verb: 'purge', moment, act });
  const batches = () =>
    stage.owner<{ settled_at: Date | null }>(
      'select settled_at from batches where lane_id = $1 order by id',
      [tenant.laneOf('rows')],
    );
  const states = async () =>
    (await batches()).map(({ settled_at: settledAt }) => (settledAt === null ? 'open' : 'settled'));
  return { tenant, script, gate, states, batches, running: stage.run(tenant, 'rows') };
}
type Backlog = Awaited<ReturnType<typeof backlog>>;

async function expectAllErased({ tenant, script }: Backlog, calls = 3): Promise<void> {
  expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  const stored = await stage.obligations(tenant);
  expect(stored.map(({ outcome, attempts }) => [outcome, attempts])).toEqual(people.map(() => ['erased', 1]));
  expect(await stage.leaves(tenant)).toHaveLength(5);
  expect(script.callsOf('purge')).toHaveLength(calls);
}

describe('a backlog', () => {
  it('is settled while the store is busy with the next batch, each person once', async () => {
    const work = await backlog(2, 'before');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['settled', 'open', 'open']);
    expect(await stage.leaves(work.tenant)).toHaveLength(2);
    work.gate.open();
    expect(await work.running).toBe(5);
    await expectAllErased(work);
    expect(await work.states()).toEqual(['settled', 'settled', 'settled']);
  });

  it('has no more than two batches in hand', async () => {
    const work = await backlog(1, 'after');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['open', 'open']);
    work.gate.open();
    expect(await work.running).toBe(5);
    await expectAllErased(work);
  });

  it('is not acted on once settling fails', async () => {
    const work = await backlog(2, 'before');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['settled', 'open', 'open']);
    // Somebody else takes the lane over: what this worker does from now on is not settled, and nothing more is begun.
    stage.engine.clock.advance(lease + 1);
    const successor = stage.run(work.tenant, 'rows');
    expect(await successor).toBe(3);
    work.gate.open();
    expect(await work.running).toBe(2);
    expect(stage.left(work.tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await stage.leaves(work.tenant)).toHaveLength(5);
    // Three of its own, of which the third was never acted on, and two of the successor's.
    expect(work.script.callsOf('purge')).toHaveLength(4);
  });

  it('that is taken ahead is told to whoever places a hold', async () => {
    const work = await backlog(1, 'before');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['open', 'open']);
    const { inFlight } = await new Holding(stage).place(work.tenant, accounts(...people));
    expect(inFlight.flatMap(({ obligationIds }) => obligationIds)).toHaveLength(4);
    work.gate.open();
    await work.running;
    const stored = await stage.obligations(work.tenant);
    const settled = stored.flatMap(({ outcome }) => (outcome === null ? [] : [outcome]));
    expect(settled.toSorted()).toEqual(['erased', 'erased', 'erased', 'erased', 'held']);
    expect(stage.left(work.tenant, 'rows/clicks')).toHaveLength(2);
  });

  it('is left alone once its store is known to be down', async () => {
    const work = await backlog(1, 'before');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['open', 'open']);
    const act = () => {
      throw new DependencyError('unreachable', 'the store is down');
    };
    work.script.plan({ verb: 'purge', moment: 'before', act });
    work.gate.open();
    await work.running;
    // What is needed for its circuit to open, and no call more.
    const failed = work.script.callsOf('purge').length;
    const stored = await stage.obligations(work.tenant);
    expect(stored.filter(({ outcome }) => outcome !== null)).toEqual([]);
    expect(stored.filter(({ attempts }) => attempts > 1)).toEqual([]);
    expect(failed).toBeLessThanOrEqual(3);
    expect(stage.left(work.tenant, 'rows/clicks')).toHaveLength(6);
  });

  it('finds out on its own that it has slept past its lease, and erases nothing more', async () => {
    const work = await backlog(1, 'after');
    await work.gate.reached;
    await expect.poll(work.states).toEqual(['open', 'open']);
    stage.engine.clock.advance(lease);
    work.gate.open();
    await work.running;
    expect(work.script.callsOf('purge')).toHaveLength(1);
    expect(stage.left(work.tenant, 'rows/clicks')).toHaveLength(4);
    await stage.run(work.tenant, 'rows');
    expect(stage.left(work.tenant, 'rows/clicks')).toEqual(['stays']);
  });
});
