import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { PlanWithdrawals } from '../plan-withdrawals.js';
import { ReadObligations } from '../read-obligations.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage, type StoredObligation } from '../testing/stage.js';

const hour = 3_600_000;
const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, mails: {} } },
  lake: { lane: 'b', datasets: { events: {} } },
};
const people = ['ann', 'bob'];

let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open();
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(given: Parameters<Stage['engine']['tenant']>[0] = stores) {
  const tenant = await stage.engine.tenant(given);
  for (const [store, { datasets }] of Object.entries(given))
    for (const dataset of Object.keys(datasets)) stage.fill(tenant, `${store}/${dataset}`, people);
  return tenant;
}

const runAll = async (tenant: TestTenant) => {
  for (const store of Object.keys(tenant.stores)) await stage.run(tenant, store);
};
const left = (tenant: TestTenant) =>
  Object.fromEntries(
    ['rows/clicks', 'rows/mails', 'lake/events'].map((name) => [name, stage.left(tenant, name)]),
  );
const told = ({ dataset, outcome, hold_id: hold, basis }: StoredObligation) => [
  dataset,
  outcome,
  hold,
  basis,
];
const settled = async (tenant: TestTenant) =>
  (await stage.obligations(tenant)).filter(({ settled_at: at }) => at !== null);
const open = async (tenant: TestTenant) =>
  (await stage.obligations(tenant)).filter(({ settled_at: at }) => at === null);

/** How the metrics see a tenant's open work. */
async function backlogOf(tenant: TestTenant) {
  const others = 'select 1 from obligations where tenant_id <> $1 and settled_at is null and hold_id is null';
  expect(await stage.owner(others, [tenant.id])).toEqual([]);
  const { overdue } = await stage.engine.worker.get(ReadObligations).backlog(stage.engine.clock.now());
  return { open: (await open(tenant)).length, overdue };
}

describe('a person under a hold', () => {
  it('keeps every row while others in the same batch are erased; what is planned and what is open is held alike', async () => {
    const tenant = await tenantWith();
    await stage.erase(tenant, ['bob', 'ann']);
    const [before] = tenant.stores['rows']!.read('rows.clicks');
    const { id, inFlight } = await holding.place(tenant, accounts('ann'));
    expect(inFlight).toEqual([]);
    await stage.erase(tenant, ['ann']);
    await runAll(tenant);
    expect(left(tenant)).toEqual({ 'rows/clicks': ['ann'], 'rows/mails': ['ann'], 'lake/events': ['ann'] });
    expect(tenant.stores['rows']!.read('rows.clicks')[0]).toBe(before);
    const held = (await settled(tenant)).filter(({ outcome }) => outcome === 'held');
    expect(held.map(told).toSorted()).toEqual(
      ['clicks', 'clicks', 'events', 'events', 'mails', 'mails'].map((dataset) => [
        dataset,
        'held',
        id,
        'legal_claims',
      ]),
    );
    // Nobody asked the stores about her.
    for (const store of Object.values(tenant.stores))
      for (const { subjects } of store.script.calls) expect(subjects).not.toContain('ann');
  });

  it('has successors with the same keys and asOf, which wait: not due, not late, and not open work of their cause', async () => {
    const tenant = await tenantWith();
    const asOf = stage.from(-hour);
    await holding.place(tenant, accounts('ann'));
    const [cause] = await stage.erase(tenant, ['ann'], asOf);
    await stage.erase(tenant, ['bob']);
    await runAll(tenant);
    const waiting = await open(tenant);
    expect(waiting).toHaveLength(3);
    const held = new Set((await settled(tenant)).map(({ id }) => id));
    for (const one of waiting) {
      expect(one).toMatchObject({ cause_id: cause, due_at: null, attempts: 0, exact: true });
      expect(held.has(String(one.succeeds))).toBe(true);
      expect(one.sealed_key).not.toBeNull();
      expect((one as unknown as { as_of: Date }).as_of).toEqual(asOf);
    }
    const [row] = await stage.owner('select open, settled_at from causes where id = $1', [cause]);
    expect(row).toMatchObject({ open: 0, settled_at: expect.any(Date) });
    stage.engine.clock.advance(40 * 24 * hour);
    // Nobody's metrics call it late.
    expect(await backlogOf(tenant)).toEqual({ open: 3, overdue: 0 });
    expect(await stage.run(tenant, 'rows')).toBe(0);
    expect(left(tenant)['rows/clicks']).toEqual(['ann']);
  });

  it('is erased once the hold is lifted: up to asOf, and no row of anybody else', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, accounts('ann'));
    await stage.erase(tenant, ['ann']);
    await runAll(tenant);
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(1) });
    stage.engine.clock.advance(400 * 24 * hour);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    for (const { due_at: due, hold_id: hold } of await open(tenant)) {
      expect(hold).toBeNull();
      expect(due).toEqual(stage.from(0));
    }
    await runAll(tenant);
    expect(left(tenant)).toEqual({
      'rows/clicks': ['bob', 'ann'],
      'rows/mails': ['bob'],
      'lake/events': ['bob'],
    });
    expect(await open(tenant)).toEqual([]);
    const [first, ...others] = await stage.leaves(tenant);
    expect(first).toMatchObject({ outcome: 'held', hold: id, basis: 'legal_claims' });
    expect([first, ...others].map((leaf) => leaf!['outcome']).sort()).toEqual([
      'erased',
      'erased',
      'erased',
      'held',
      'held',
      'held',
    ]);
    expect(JSON.stringify(others)).not.toContain('2026-114');
  });

  it('gets a new deadline when the work goes on, for the old one is long past', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, accounts('ann'));
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(400 * 24 * hour);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    const [row] = await stage.owner<{ deadline: Date }>(
      'select deadline from obligations where tenant_id = $1 and settled_at is null limit 1',
      [tenant.id],
    );
    expect(row!.deadline.getTime()).toBeGreaterThan(stage.from(20 * 24 * hour).getTime());
  });
});

describe('a hold that ends by its date', () => {
  it('holds up to the millisecond before, and nothing from then on, whether or not anybody noted it', async () => {
    const tenant = await tenantWith();
    await holding.place(tenant, accounts('ann'), { until: stage.from(hour) });
    await stage.erase(tenant, ['ann']);
    stage.engine.clock.advance(hour - 1);
    await holding.release(tenant);
    await runAll(tenant);
    expect(left(tenant)['rows/clicks']).toEqual(['ann', 'bob']);
    stage.engine.clock.advance(1);
    await stage.erase(tenant, ['ann']);
    await runAll(tenant);
    expect(left(tenant)['rows/clicks']).toEqual(['bob']);
    await holding.release(tenant);
    await runAll(tenant);
    expect(await open(tenant)).toEqual([]);
    expect(await stage.entries(tenant, 'hold.ended')).toHaveLength(1);
  });

  it('is noted once by however many workers, and forgets whom it named', async () => {
    const tenant = await tenantWith();
    const { id } = await holding.place(tenant, accounts('ann', 'bob'), { until: stage.from(hour) });
    await stage.erase(tenant, ['ann', 'bob']);
    const known = () => stage.owner('select 1 from hold_identifiers where hold_id = $1', [id]);
    expect(await known()).toHaveLength(2);
    stage.engine.clock.advance(hour);
    await Promise.all(Array.from({ length: 4 }, () => holding.release(tenant)));
    expect(await known()).toEqual([]);
    expect(await stage.entries(tenant, 'hold.ended')).toEqual([{ hold: id }]);
    const causes = await stage.owner('select open from causes where tenant_id = $1', [tenant.id]);
    expect(causes).toEqual([{ open: 3 }, { open: 3 }]);
    await runAll(tenant);
    expect(left(tenant)).toEqual({ 'rows/clicks': [], 'rows/mails': [], 'lake/events': [] });
  });
});

describe('two holds on the same thing', () => {
  it.each(['the first', 'the second'])('still hold when %s is lifted', async (which) => {
    const tenant = await tenantWith();
    const holds = [
      await holding.place(tenant, accounts('ann')),
      await holding.place(tenant, { datasets: ['rows/clicks'] }, { until: stage.from(99 * hour) }),
    ];
    await stage.erase(tenant, ['ann', 'bob']);
    await runAll(tenant);
    const [lifted, other] = which === 'the first' ? holds : holds.toReversed();
    await holding.lift(tenant, lifted!.id);
    await holding.release(tenant);
    await runAll(tenant);
    // What only the lifted one held is gone; what the other one covers is all there.
    expect(left(tenant)).toEqual(
      which === 'the first'
        ? { 'rows/clicks': people, 'rows/mails': [], 'lake/events': [] }
        : { 'rows/clicks': ['ann'], 'rows/mails': ['ann'], 'lake/events': ['ann'] },
    );
    await holding.lift(tenant, other!.id);
    await holding.release(tenant);
    await runAll(tenant);
    expect(left(tenant)).toEqual({ 'rows/clicks': [], 'rows/mails': [], 'lake/events': [] });
    expect(await open(tenant)).toEqual([]);
  });

  it('let the work wait for the one that lasts longest, so that it is not settled again for each', async () => {
    const tenant = await tenantWith();
    await holding.place(tenant, accounts('ann'), { until: stage.from(hour) });
    const { id } = await holding.place(tenant, accounts('ann'), { until: stage.from(3 * hour) });
    await holding.place(tenant, accounts('ann'), { until: stage.from(2 * hour) });
    await stage.erase(tenant, ['ann']);
    expect([...new Set((await open(tenant)).map(({ hold_id: hold }) => hold))]).toEqual([id]);
    stage.engine.clock.advance(2 * hour);
    await holding.release(tenant);
    await runAll(tenant);
    expect(await stage.obligations(tenant)).toHaveLength(6);
    expect(left(tenant)['rows/clicks']).toEqual(['ann', 'bob']);
  });
});

describe('a withdrawal under a hold', () => {
  const tastes = { rows: { lane: 'a', datasets: { clicks: { purposes: ['ads'] } } } };
  const plan = (tenant: TestTenant) => stage.engine.worker.get(PlanWithdrawals).execute(tenant.id);

  it('whose person consents anew meanwhile is superseded, when the hold is over', async () => {
    const tenant = await tenantWith(tastes);
    await stage.consent(tenant, 'ann', 'grant', 'ads');
    const { id } = await holding.place(tenant, { stores: ['rows'] });
    await stage.consent(tenant, 'ann', 'withdraw', 'ads');
    await plan(tenant);
    await stage.consent(tenant, 'ann', 'grant', 'ads');
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await runAll(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(people);
    expect((await stage.obligations(tenant)).map(({ outcome }) => outcome)).toEqual(['held', 'superseded']);
  });

  it('is not held by a hold on another purpose', async () => {
    const tenant = await tenantWith(tastes);
    await stage.consent(tenant, 'ann', 'grant', 'ads');
    await holding.place(tenant, { purposes: ['training'] });
    await stage.consent(tenant, 'ann', 'withdraw', 'ads');
    await plan(tenant);
    await runAll(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
  });
});

describe('work that was tried before the hold', () => {
  it('is held at the next attempt; the successor never says that there was nothing', async () => {
    const tenant = await tenantWith({ rows: { lane: 'a', datasets: { clicks: {} } } });
    await stage.erase(tenant, ['ann']);
    const { script } = tenant.stores['rows']!;
    const act = () => {
      throw new DependencyError('timeout', 'no answer');
    };
    // The rows went, and nobody could tell.
    script.plan({ verb: 'purge', moment: 'after', times: 1, act });
    await stage.run(tenant, 'rows');
    const { id } = await holding.place(tenant, { stores: ['rows'] });
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    expect((await settled(tenant)).map(told)).toEqual([['clicks', 'held', id, 'legal_claims']]);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    await stage.run(tenant, 'rows');
    expect((await settled(tenant)).at(-1)).toMatchObject({ outcome: 'erased', exact: false });
  });

  it('whose key cannot be opened fails as it would have, and holds up nobody', async () => {
    const tenant = await tenantWith({ rows: { lane: 'a', datasets: { clicks: {} } } });
    const [broken] = await stage.erase(tenant, ['ann', 'bob']);
    await stage.owner(`update obligations set sealed_key = '\\x00' where cause_id = $1`, [broken]);
    await holding.place(tenant, accounts('ann', 'bob'));
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(people);
    const outcomes = (await stage.obligations(tenant)).map(({ cause_id: cause, outcome, error }) => [
      cause === broken,
      outcome,
      error,
    ]);
    expect(outcomes).toContainEqual([false, 'held', null]);
    expect(outcomes.filter(([isBroken]) => isBroken === true)).toEqual([[true, null, 'unexpected_response']]);
  });
});

describe('derived data', () => {
  const derived = {
    rows: { lane: 'a', datasets: { messages: {} } },
    vectors: { lane: 'b', datasets: { embeddings: { derivedFrom: ['rows/messages'] } } },
  };

  it.each(['planned', 'open'])('does not wait for a source that is held, when it was %s', async (when) => {
    const tenant = await tenantWith(derived);
    if (when === 'open') await stage.erase(tenant, ['ann']);
    await holding.place(tenant, { stores: ['rows'] });
    if (when === 'planned') await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    await stage.run(tenant, 'vectors');
    expect(stage.left(tenant, 'rows/messages')).toEqual(people);
    expect(stage.left(tenant, 'vectors/embeddings')).toEqual(['bob']);
    expect(await open(tenant)).toHaveLength(1);
  });

  it('goes after its source again when both go on', async () => {
    const tenant = await tenantWith(derived);
    const { id } = await holding.place(tenant, accounts('ann'));
    await stage.erase(tenant, ['ann']);
    await holding.lift(tenant, id);
    await holding.release(tenant);
    const waits = (await open(tenant)).map(({ dataset, awaits, due_at: due }) => [
      dataset,
      awaits,
      due!.getTime() - stage.from(0).getTime(),
    ]);
    expect(waits.toSorted()).toEqual([
      ['embeddings', ['rows/messages'], 5_000],
      ['messages', [], 0],
    ]);
    expect(await stage.run(tenant, 'vectors')).toBe(0);
    await stage.run(tenant, 'rows');
    await stage.run(tenant, 'vectors');
    expect(stage.left(tenant, 'vectors/embeddings')).toEqual(['bob']);
    expect(await open(tenant)).toEqual([]);
  });
});
