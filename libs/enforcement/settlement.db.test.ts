import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemIds } from '#kernel';
import { Transactions } from '#platform/database';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { StoresRepository } from '#stores';
import { callerOf } from '#testing';
import { FindLostWork } from './find-lost-work.js';
import { PlanSweep } from './plan-sweep.js';
import { PlanWithdrawals } from './plan-withdrawals.js';
import { Gate } from './testing/script.js';
import { Stage } from './testing/stage.js';
import type { TestTenant } from './testing/open-engine.js';

const hour = 3_600_000;
const stores = {
  rows: {
    lane: 'a',
    datasets: {
      clicks: {},
      invoices: { keptOn: 'legal_obligation' },
      mailing: { identifier: 'email' },
    },
  },
  derived: { lane: 'b', datasets: { embeddings: { derivedFrom: ['rows/clicks', 'rows/invoices'] } } },
};
const { clicks, invoices } = stores.rows.datasets;
const kept = { rows: { lane: 'a', datasets: { clicks, invoices } } };

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ modules: [RequestsModule], rows: [RequestRow, ReceiptRow] });
});
afterAll(async () => {
  await stage.close();
});

async function file(tenant: TestTenant, person: string): Promise<string> {
  const subjects = [{ type: 'account_id', value: person }];
  const { requests } = await stage.engine.control
    .get(FileRequests)
    .execute(callerOf(tenant.id), subjects, false);
  return requests[0]!.id;
}
const planRequests = (tenant: TestTenant) => stage.engine.worker.get(PlanRequests).execute(tenant.id);
const settleRequests = (tenant: TestTenant) => stage.engine.worker.get(SettleRequests).execute(tenant.id);
const stateOf = async (id: string) =>
  (await stage.owner<{ state: string }>('select state from requests where id = $1', [id]))[0]?.state;

/** Whatever bell was waiting is lost, as with a queue that was wiped. */
const wipe = () => stage.owner('delete from outbox');
const lostWork = () =>
  stage.engine.worker
    .get(Transactions)
    .run(null, (tx) => stage.engine.worker.get(FindLostWork).execute(tx, stage.engine.clock.now()));
/** Of this tenant: the others of this file have lanes and causes of their own. */
async function foundFor(tenant: TestTenant): Promise<readonly string[]> {
  const lanes = new Map(Object.keys(tenant.stores).map((store) => [tenant.laneOf(store), store]));
  return (await lostWork()).flatMap(({ kind, payload }) => {
    if (payload['tenantId'] === tenant.id) return kind === 'check-stores' ? [] : [kind];
    const store = [...lanes].find(([laneId]) => laneId === payload['laneId'])?.[1];
    return store === undefined ? [] : [`${kind} ${store}`];
  });
}

describe('a dataset that the data map keeps', () => {
  it('is retained with its basis, its rows untouched, and the request completed with exceptions', async () => {
    const tenant = await stage.engine.tenant(kept);
    for (const dataset of ['rows/clicks', 'rows/invoices']) stage.fill(tenant, dataset, ['ann', 'bob']);
    const id = await file(tenant, 'ann');
    await planRequests(tenant);
    await stage.run(tenant, 'rows');
    await settleRequests(tenant);
    expect(stage.left(tenant, 'rows/invoices')).toEqual(['ann', 'bob']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
    const asked = tenant.stores['rows']!.script.calls.map(({ dataset }) => dataset);
    expect(new Set(asked)).toEqual(new Set(['clicks']));
    const parts = await stage.obligations(tenant);
    expect(parts.map(({ dataset, outcome, basis, rows }) => [dataset, outcome, basis, rows]).sort()).toEqual([
      ['clicks', 'erased', null, '1'],
      ['invoices', 'retained', 'legal_obligation', '0'],
    ]);
    expect(await stateOf(id)).toBe('completed_with_exceptions');
  });

  it('settles the request from the start when it is all there is', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { invoices } } });
    const id = await file(tenant, 'ann');
    await planRequests(tenant);
    await settleRequests(tenant);
    expect(await stateOf(id)).toBe('completed_with_exceptions');
    expect(await stage.leaves(tenant)).toHaveLength(1);
  });

  it('holds up nothing that was derived from it', async () => {
    const tenant = await stage.engine.tenant(stores);
    await stage.erase(tenant, ['ann']);
    const embeddings = (await stage.obligations(tenant)).find(({ dataset }) => dataset === 'embeddings');
    expect(embeddings?.awaits).toEqual(['rows/clicks']);
  });
});

describe('settling', () => {
  it('keeps the keys of what is open or is read back again, and wipes all others', async () => {
    const tenant = await stage.engine.tenant(stores);
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob']);
    await stage.erase(tenant, ['ann', 'bob', 'nobody']);
    tenant.stores['rows']!.script.failing.set('bob', 'conflict');
    const sealed = async () => {
      const stored = await stage.obligations(tenant);
      const open = stored.filter(({ settled_at: at }) => at === null);
      const erased = stored.filter(({ outcome }) => outcome === 'erased' || outcome === 'not_found');
      const kept = stored.filter(({ sealed_key: key }) => key !== null).map(({ id }) => id);
      expect(kept.toSorted()).toEqual([...open, ...erased].map(({ id }) => id).toSorted());
      return open.length;
    };
    // Six of twelve are kept or cannot be found, and settled from the start.
    expect(await sealed()).toBe(6);
    await stage.run(tenant, 'rows');
    expect(await sealed()).toBe(4);
    await stage.run(tenant, 'derived');
    expect(await sealed()).toBe(2);
    tenant.stores['rows']!.script.calm();
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    await stage.run(tenant, 'derived');
    expect(await sealed()).toBe(0);
    stage.engine.clock.advance(24 * hour);
    await stage.run(tenant, 'rows');
    await stage.run(tenant, 'derived');
    for (const { sealed_key: key } of await stage.obligations(tenant)) expect(key).toBeNull();
  });

  it('writes exactly one leaf for each obligation, whatever its outcome and however many attempts it took', async () => {
    const tenant = await stage.engine.tenant(stores);
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob', 'cid']);
    const { script } = tenant.stores['rows']!;
    script.failing.set('bob', 'conflict').set('cid', 'unauthorized');
    await stage.erase(tenant, ['ann', 'bob', 'cid', 'nobody']);
    for (let round = 0; round < 4; round++) {
      await Promise.all([stage.run(tenant, 'rows'), stage.run(tenant, 'rows'), stage.run(tenant, 'derived')]);
      if (round === 1) script.calm();
      stage.engine.clock.advance(hour);
    }
    const stored = await stage.obligations(tenant);
    const leaves = await stage.leaves(tenant);
    expect(stored.filter(({ settled_at: at }) => at === null)).toEqual([]);
    expect(leaves.map(({ obligation }) => obligation).sort()).toEqual(stored.map(({ id }) => id).sort());
    // The leaf says what the row says.
    const byId = new Map(leaves.map((leaf) => [leaf['obligation'], leaf]));
    for (const { id, outcome, exact, rows, error } of stored)
      expect(byId.get(id)).toMatchObject({ outcome, exact, rows: Number(rows), error });
    expect([...new Set(stored.map(({ outcome }) => outcome))].sort()).toEqual([
      'erased',
      'failed',
      'not_found',
      'retained',
      'unsupported',
    ]);
  });

  it('is all or nothing: when its transaction fails, the row, its key and the ledger are as before', async () => {
    const tenant = await stage.engine.tenant(kept);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    await stage.erase(tenant, ['ann']);
    const open = async () => (await stage.obligations(tenant)).filter(({ dataset }) => dataset === 'clicks');
    const [before] = await open();
    const leaves = await stage.leaves(tenant);
    await stage.owner(
      `create function refuse() returns trigger language plpgsql as 'begin raise exception ''refused''; end'`,
    );
    await stage.owner('create trigger refuse before update on causes execute function refuse()');
    await expect(stage.run(tenant, 'rows')).rejects.toThrow('refused');
    await stage.owner('drop function refuse cascade');
    expect(await open()).toEqual([{ ...before, attempts: 1 }]);
    expect(await stage.leaves(tenant)).toEqual(leaves);
    expect(stage.left(tenant, 'rows/clicks')).toEqual([]);
    await stage.run(tenant, 'rows');
    expect(await open()).toMatchObject([{ outcome: 'erased', exact: false }]);
    expect(await stage.leaves(tenant)).toHaveLength(leaves.length + 1);
  });
});

describe('a sweep', () => {
  async function sweep(rows: number) {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks } } });
    const people = Array.from({ length: rows }, (_, index) => `p${index}`);
    stage.fill(tenant, 'rows/clicks', people, { at: stage.from(-2) });
    stage.fill(tenant, 'rows/clicks', ['stays'], { at: stage.from(-1) });
    const { worker } = stage.engine;
    await worker.get(Transactions).run(tenant.id, async (tx) => {
      const [store] = await worker.get(StoresRepository).all(tx, tenant.id);
      await worker.get(PlanSweep).execute(tx, tenant.id, {
        id: systemIds.next(),
        store: store!,
        dataset: 'clicks',
        moment: 'collected',
        onlyPurposes: null,
        cutOff: stage.from(-1),
        deadline: stage.from(hour),
        policyVersion: 1,
      });
    });
    return { tenant, script: tenant.stores['rows']!.script };
  }

  it('goes on from step to step until nothing before the cut-off is left, and counts exactly', async () => {
    const { tenant, script } = await sweep(120_000);
    await stage.run(tenant, 'rows');
    expect(script.callsOf('purgeBefore')).toHaveLength(3);
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', rows: '120000', exact: true });
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await stage.leaves(tenant)).toHaveLength(1);
  });

  it('whose first step was done by a worker that died has an inexact count, in row and leaf', async () => {
    const { tenant, script } = await sweep(120_000);
    const gate = new Gate();
    script.plan({ verb: 'purgeBefore', moment: 'after', times: 1, act: gate.wait });
    const dying = stage.run(tenant, 'rows');
    await gate.reached;
    stage.engine.clock.advance(hour);
    await stage.run(tenant, 'rows');
    gate.open();
    expect(await dying).toBe(0);
    expect(await stage.obligation(tenant)).toMatchObject({ outcome: 'erased', rows: '70000', exact: false });
    expect(await stage.leaves(tenant)).toMatchObject([{ outcome: 'erased', rows: 70_000, exact: false }]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });
});

describe('losing every bell', () => {
  it('loses no due work: the lane is found as long as something in it is due', async () => {
    const tenant = await stage.engine.tenant(kept);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    await stage.erase(tenant, ['ann']);
    await wipe();
    expect(await foundFor(tenant)).toEqual(['wake-lane rows']);
    await stage.run(tenant, 'rows');
    await wipe();
    expect(await foundFor(tenant)).toEqual(['requests-settled']);
  });

  it('loses no retry, and wakes nobody before it is due', async () => {
    const tenant = await stage.engine.tenant(kept);
    await stage.erase(tenant, ['ann']);
    tenant.stores['rows']!.script.failing.set('ann', 'conflict');
    await stage.run(tenant, 'rows');
    await wipe();
    expect(await foundFor(tenant)).toEqual([]);
    stage.engine.clock.advance(hour);
    expect(await foundFor(tenant)).toEqual(['wake-lane rows']);
  });

  it('loses no lane of a worker that died: it is found once the lease has ended', async () => {
    const tenant = await stage.engine.tenant(kept);
    await stage.erase(tenant, ['ann']);
    const gate = new Gate();
    tenant.stores['rows']!.script.plan({ verb: 'purge', moment: 'before', times: 1, act: gate.wait });
    const dying = stage.run(tenant, 'rows');
    await gate.reached;
    await wipe();
    expect(await foundFor(tenant)).toEqual([]);
    stage.engine.clock.advance(30_001);
    expect(await foundFor(tenant)).toEqual(['wake-lane rows']);
    await stage.run(tenant, 'rows');
    gate.open();
    await dying;
  });

  it('loses no derived data whose source settled', async () => {
    const tenant = await stage.engine.tenant(stores);
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    await wipe();
    expect(await foundFor(tenant)).toEqual(['wake-lane derived']);
  });

  it('loses no withdrawal that nobody planned', async () => {
    const tenant = await stage.engine.tenant(kept);
    await stage.consent(tenant, 'ann', 'withdraw', 'recommendations');
    await wipe();
    expect(await foundFor(tenant)).toEqual(['plan-withdrawals']);
    await stage.engine.worker.get(PlanWithdrawals).execute(tenant.id);
    await wipe();
    expect(await foundFor(tenant)).toEqual(['wake-lane rows']);
  });

  it('loses no compaction', async () => {
    const tenant = await stage.engine.tenant(kept);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    const id = await file(tenant, 'ann');
    await planRequests(tenant);
    await stage.run(tenant, 'rows');
    await settleRequests(tenant);
    expect(await stateOf(id)).toBe('completed_with_exceptions');
    await wipe();
    expect(await foundFor(tenant)).toEqual([]);
    stage.engine.clock.advance(hour);
    expect(await foundFor(tenant)).toEqual(['wake-lane rows']);
    await stage.run(tenant, 'rows');
    expect(tenant.stores['rows']!.script.callsOf('compact')).toMatchObject([{ dataset: 'clicks' }]);
    // Its receipt is to say so.
    expect(await foundFor(tenant)).toEqual(['requests-settled']);
  });

  it('ends a request as it would have with them, when only what is found is rung', async () => {
    const tenant = await stage.engine.tenant(stores);
    for (const dataset of ['rows/clicks', 'derived/embeddings']) stage.fill(tenant, dataset, ['ann', 'bob']);
    const id = await file(tenant, 'ann');
    await planRequests(tenant);
    for (let round = 0; round < 5; round++) {
      await wipe();
      for (const found of await foundFor(tenant)) {
        const [kind, store] = found.split(' ');
        if (kind === 'wake-lane') await stage.run(tenant, store!);
        if (kind === 'requests-settled') await settleRequests(tenant);
      }
    }
    // Nothing is known of the person's e-mail address, so one part is unsupported.
    expect(await stateOf(id)).toBe('partially_completed');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
    expect(stage.left(tenant, 'derived/embeddings')).toEqual(['bob']);
  });
});
