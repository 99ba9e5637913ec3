import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy } from '#policy';
import { RequestSweeps, RetentionModule, RunSweeps, SettleSweeps, SweepRow } from '#retention';
import { callerOf } from '#testing';
import { policy as document } from '../testing/data-map.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Gate } from '../testing/script.js';
import { Stage } from '../testing/stage.js';

const day = 86_400_000;
const hour = 3_600_000;
const stores = { rows: { lane: 'a', datasets: { clicks: {} } } };
let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open({ modules: [RetentionModule], rows: [SweepRow] });
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

async function keep(tenant: TestTenant, period: string) {
  const kept = { ...(JSON.parse(document) as object), retention: { old: { keep: period } } };
  const policy = parsePolicy(JSON.stringify(kept));
  const { control } = stage.engine;
  const applied = { policy, files: [], effectiveAt: null, planDigest: null };
  await control
    .get(Transactions)
    .run(tenant.id, (tx) => control.get(ApplyPolicy).execute(tx, callerOf(tenant.id), applied));
}

/** Rows of ann and bob from two days and from an hour ago, under a policy that keeps for a day. */
async function tenantWith(given: Parameters<Stage['engine']['tenant']>[0] = stores) {
  const tenant = await stage.engine.tenant(given);
  await keep(tenant, 'P1D');
  stage.fill(tenant, 'rows/clicks', ['ann', 'bob'], { at: stage.from(-2 * day) });
  stage.fill(tenant, 'rows/clicks', ['ann', 'bob'], { at: stage.from(-hour) });
  return tenant;
}

interface Told {
  readonly state: string;
  readonly expected: string | null;
  readonly effected: string | null;
  readonly hold_id: string | null;
  readonly error: string | null;
}
const sweepsOf = (tenant: TestTenant, runId: string) =>
  stage.owner<Told & Record<string, unknown>>(
    'select state, expected, effected, hold_id, error from sweeps where tenant_id = $1 and run_id = $2 order by id',
    [tenant.id, runId],
  );
async function work(tenant: TestTenant) {
  await stage.run(tenant, 'rows');
  await stage.engine.worker.get(SettleSweeps).execute(tenant.id);
}
async function sweep(tenant: TestTenant, dryRun = false) {
  const at = stage.engine.clock.now();
  const runId = await stage.engine.control.get(RequestSweeps).execute(callerOf(tenant.id), { dryRun, at });
  await stage.engine.worker.get(RunSweeps).execute(tenant.id, new AbortController().signal);
  if (!dryRun) await work(tenant);
  return { runId, told: await sweepsOf(tenant, runId) };
}
/** What is left, as `person days-ago`. */
const left = (tenant: TestTenant) =>
  tenant.stores['rows']!.read('rows.clicks').map(
    ({ key, at }) => `${key ?? 'nobody'} ${Math.round((stage.from(0).getTime() - at!.getTime()) / day)}`,
  );

describe('a sweep under a hold on a person', () => {
  it('leaves out their rows, counts without them, and takes them when the hold is lifted', async () => {
    const tenant = await tenantWith();
    const held = { ...tenant.stores['rows']!.read('rows.clicks')[0] };
    const { id } = await holding.place(tenant, accounts('ann'));
    expect((await sweep(tenant, true)).told).toMatchObject([
      { state: 'finished', expected: '1', effected: null, hold_id: id },
    ]);
    const { runId, told } = await sweep(tenant);
    expect(told).toMatchObject([{ state: 'finished', expected: '1', effected: '1', hold_id: id }]);
    expect(left(tenant)).toEqual(['ann 2', 'ann 0', 'bob 0']);
    expect(tenant.stores['rows']!.read('rows.clicks')[0]).toEqual(held);
    const entries = await stage.entries(tenant, 'sweep.settled');
    expect(entries.at(-1)).toMatchObject({ effected: 1, hold: id });
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await work(tenant);
    expect(left(tenant)).toEqual(['ann 0', 'bob 0']);
    expect(await sweepsOf(tenant, runId)).toMatchObject([
      { state: 'finished', expected: '1', effected: '2', hold_id: null },
    ]);
    expect((await stage.entries(tenant, 'sweep.settled')).at(-1)).toMatchObject({ effected: 2 });
  });

  it('owes its compaction for what it removed', async () => {
    const tenant = await tenantWith();
    await holding.place(tenant, accounts('ann'));
    await sweep(tenant);
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('compact')).toHaveLength(1);
  });

  it('takes nothing at all where that person has no key, for any row might be theirs; and says so', async () => {
    const tenant = await tenantWith({
      rows: { lane: 'a', datasets: { clicks: { identifier: 'device_id' } } },
    });
    const { id, unkeyed } = await holding.place(tenant, accounts('ann'));
    expect(unkeyed).toEqual(['rows/clicks']);
    const { told } = await sweep(tenant);
    expect(told).toMatchObject([{ expected: '0', effected: '0', hold_id: id }]);
    expect(told[0]!.error).toContain('not known by a key');
    expect(left(tenant)).toHaveLength(4);
    expect(tenant.stores['rows']!.script.calls).toEqual([]);
  });

  it('placed between two steps: what is still to do leaves them out', async () => {
    const tenant = await tenantWith();
    const many = Array.from({ length: 60_000 }, (_, index) => `p${index}`);
    stage.fill(tenant, 'rows/clicks', [...many, 'zoe'], { at: stage.from(-3 * day) });
    const gate = new Gate();
    const { script } = tenant.stores['rows']!;
    script.plan({ verb: 'purgeBefore', moment: 'after', times: 1, act: gate.wait });
    const running = sweep(tenant);
    await gate.reached;
    const { id, inFlight } = await holding.place(tenant, accounts('zoe'));
    expect(inFlight).toHaveLength(1);
    gate.open();
    const { told } = await running;
    expect(told).toMatchObject([{ effected: '60002', hold_id: id }]);
    expect(left(tenant)).toEqual(['ann 0', 'bob 0', 'zoe 3']);
  });

  it('lifted between two steps: the rows that the first left out go as well', async () => {
    const tenant = await tenantWith();
    const many = Array.from({ length: 60_000 }, (_, index) => `p${index}`);
    stage.fill(tenant, 'rows/clicks', many, { at: stage.from(-3 * day) });
    const { id } = await holding.place(tenant, accounts('ann'));
    const gate = new Gate();
    const { script } = tenant.stores['rows']!;
    script.plan({ verb: 'purgeBefore', moment: 'after', times: 1, act: gate.wait });
    const running = sweep(tenant);
    await gate.reached;
    await holding.lift(tenant, id);
    gate.open();
    await running;
    expect(left(tenant)).toEqual(['ann 0', 'bob 0']);
  });
});

describe('a sweep under a hold on a time of collection', () => {
  it('goes as far as its beginning, and further when it is over', async () => {
    const tenant = await tenantWith();
    stage.fill(tenant, 'rows/clicks', ['cid'], { at: stage.from(-5 * day) });
    const { id } = await holding.place(tenant, {
      collectedFrom: stage.from(-4 * day),
      collectedUntil: stage.from(-3 * day),
    });
    const { runId, told } = await sweep(tenant);
    expect(told).toMatchObject([{ expected: '1', effected: '1', hold_id: id }]);
    expect(left(tenant)).toEqual(['ann 2', 'bob 2', 'ann 0', 'bob 0']);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await work(tenant);
    expect(left(tenant)).toEqual(['ann 0', 'bob 0']);
    expect(await sweepsOf(tenant, runId)).toMatchObject([{ effected: '3', hold_id: null }]);
  });

  it('that begins where the sweep ends is not concerned', async () => {
    const tenant = await tenantWith();
    await holding.place(tenant, { collectedFrom: stage.from(-day) });
    expect((await sweep(tenant)).told).toMatchObject([{ effected: '2', hold_id: null }]);
  });
});

describe('a sweep that waited as a whole', () => {
  it('is not asked of the store, and takes no row that has become due only since', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, { datasets: ['rows/clicks'] });
    const { told } = await sweep(tenant);
    expect(told).toMatchObject([{ state: 'finished', expected: '0', effected: '0', hold_id: id }]);
    expect(tenant.stores['rows']!.script.calls).toEqual([]);
    stage.engine.clock.advance(9 * day);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await work(tenant);
    expect(left(tenant)).toEqual(['ann 9', 'bob 9']);
  });

  it('is superseded when the policy keeps longer by then', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, { stores: ['rows'] });
    await sweep(tenant);
    await keep(tenant, 'P1Y');
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await work(tenant);
    expect(left(tenant)).toHaveLength(4);
    const outcomes = (await stage.obligations(tenant)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['held', 'superseded']);
  });

  it('with many others is done once, by the one that reaches furthest', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, { stores: ['rows'] });
    for (let round = 0; round < 3; round++) {
      await sweep(tenant);
      stage.engine.clock.advance(hour);
    }
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await work(tenant);
    expect(tenant.stores['rows']!.script.callsOf('purgeBefore')).toHaveLength(1);
    const outcomes = (await stage.obligations(tenant)).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(['erased', 'held', 'held', 'held', 'superseded', 'superseded']);
    expect(left(tenant)).toHaveLength(2);
  });
});

describe('a sweep under several holds', () => {
  it('leaves out everybody whom any of them names, and names the hold that lasts longest', async () => {
    const tenant = await tenantWith();
    stage.fill(tenant, 'rows/clicks', ['cid'], { at: stage.from(-2 * day) });
    await holding.place(tenant, accounts('ann'), { until: stage.from(day) });
    const { id } = await holding.place(tenant, accounts('bob'));
    expect((await sweep(tenant)).told).toMatchObject([{ effected: '1', hold_id: id }]);
    expect(left(tenant)).toEqual(['ann 2', 'bob 2', 'ann 0', 'bob 0']);
    stage.engine.clock.advance(day);
    await holding.release(tenant);
    await work(tenant);
    expect(left(tenant)).toHaveLength(4);
  });

  it('knows of no hold of another tenant', async () => {
    const [tenant, other] = [await tenantWith(), await tenantWith()];
    await holding.place(other, accounts('ann'));
    expect((await sweep(tenant)).told).toMatchObject([{ effected: '2', hold_id: null }]);
  });

  it('takes nothing at all where the identifiers of a person cannot be opened, and holds up nobody else', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, accounts('ann'));
    await stage.owner(`update hold_identifiers set sealed = '\\x00' where hold_id = $1`, [id]);
    await stage.erase(tenant, ['bob']);
    expect((await sweep(tenant)).told).toMatchObject([{ expected: '0', effected: '0', hold_id: id }]);
    expect(left(tenant)).toEqual(['ann 2', 'ann 0']);
  });
});
