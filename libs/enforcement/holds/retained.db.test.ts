import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '#platform/database';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { RegisterDataMap } from '#stores';
import { callerOf } from '#testing';
import { RequestRescan, RescanStores } from '../rescan-stores.js';
import { dataMapOf, type TestDataset } from '../testing/data-map.js';
import { ErasedPeople, partsOf, type Requests } from '../testing/erased-people.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage } from '../testing/stage.js';
import { EndHolds } from './release-held.js';

let stage: Stage;
let holding: Holding;
let people: ErasedPeople;
const requests: Requests = {
  file: async (tenant, wanted) => {
    const subjects = wanted.map((value) => ({ type: 'account_id', value }));
    const { control, worker } = stage.engine;
    const filed = await control.get(FileRequests).execute(callerOf(tenant.id), subjects, true);
    await worker.get(PlanRequests).execute(tenant.id);
    return filed.requests.map(({ id }) => id);
  },
  settle: (tenant) => stage.engine.worker.get(SettleRequests).execute(tenant.id),
};

beforeAll(async () => {
  stage = await Stage.open({ modules: [RequestsModule], rows: [RequestRow, ReceiptRow] });
  holding = new Holding(stage);
  people = new ErasedPeople(stage, requests);
});
afterAll(async () => {
  await stage.close();
});

const mapOf = (bills: TestDataset) => ({ rows: { lane: 'a', datasets: { clicks: {}, bills } } });
const forAMonth = { keptOn: 'legal_obligation', keptFor: 'P1M' };
const monthEnd = '2026-07-15T12:00:00.001Z';

/** Ann's erasure on 15 June, of whom the bills are retained. */
async function erasedBut(bills: TestDataset) {
  const { tenant, request } = await people.erased(['ann'], mapOf(bills));
  return { tenant, request };
}
async function isRung(tenant: TestTenant): Promise<boolean> {
  const { worker, clock } = stage.engine;
  const bells = await worker.get(Transactions).run(null, (tx) => worker.get(EndHolds).find(tx, clock.now()));
  return JSON.stringify(bells).includes(tenant.id);
}
/** What a system does once its clock says so. */
async function at(tenant: TestTenant, moment: string) {
  const { clock } = stage.engine;
  clock.advance(new Date(moment).getTime() - clock.now().getTime());
  const rung = await isRung(tenant);
  if (rung) await holding.release(tenant);
  await people.work(tenant);
  return rung;
}
const begin = '2026-06-15T12:00:00.000Z';
const restart = () => {
  const { clock } = stage.engine;
  clock.advance(new Date(begin).getTime() - clock.now().getTime());
};
const stateOf = async (request: string) => (await people.requestOf(request))?.['state'];
const lastParts = async (request: string) =>
  partsOf((await people.receiptsOf(request)).at(-1), 'dataset', 'outcome', 'legalBasis', 'retainedUntil');

describe('what the policy retains for a time', () => {
  it('stays until then, and not a moment less; then it goes by itself and a further receipt says so', async () => {
    restart();
    const { tenant, request } = await erasedBut(forAMonth);
    expect(await stateOf(request)).toBe('completed_with_exceptions');
    const retained = ['bills', 'retained', 'legal_obligation', monthEnd];
    expect(await lastParts(request)).toEqual([retained, ['clicks', 'erased', null, undefined]]);
    expect(await stage.leaves(tenant)).toContainEqual(
      expect.objectContaining({ dataset: 'rows/bills', outcome: 'retained', until: monthEnd }),
    );
    expect(await at(tenant, '2026-07-15T12:00:00.000Z')).toBe(false);
    expect(stage.left(tenant, 'rows/bills')).toEqual(['ann', 'stays']);
    expect(await lastParts(request)).toContainEqual(retained);
    stage.fill(tenant, 'rows/bills', ['ann'], { at: stage.from(-1_000) });
    expect(await at(tenant, monthEnd)).toBe(true);
    // What was collected after the erasure is a new cause's business.
    expect(stage.left(tenant, 'rows/bills')).toEqual(['stays', 'ann']);
    expect(await stateOf(request)).toBe('completed');
    expect((await lastParts(request))[0]).toEqual(['bills', 'erased', null, undefined]);
    expect(await isRung(tenant)).toBe(false);
    for (const row of await people.rowsOf(tenant)) expect(row['retained_until']).toEqual(expectedOf(row));
  });

  it('is neither open nor late meanwhile, and no re-scan says that it came back', async () => {
    restart();
    const { tenant } = await erasedBut(forAMonth);
    await at(tenant, '2026-07-10T12:00:00.000Z');
    const before = await people.rowsOf(tenant);
    const { control, worker } = stage.engine;
    await control.get(RequestRescan).execute(callerOf(tenant.id), 'rows', stage.from(0));
    await worker.get(RescanStores).execute(tenant.id, new AbortController().signal);
    expect(await stage.entries(tenant, 'signals.reappeared')).toEqual([]);
    expect(await people.rowsOf(tenant)).toEqual(before);
    expect(
      before.filter(({ settled_at: settledAt, due_at: due }) => settledAt === null && due !== null),
    ).toEqual([]);
  });

  it('without an end stays, and has no successor', async () => {
    restart();
    const { tenant, request } = await erasedBut({ keptOn: 'contract' });
    expect(await lastParts(request)).toContainEqual(['bills', 'retained', 'contract', undefined]);
    expect(await at(tenant, '2036-07-15T12:00:00.000Z')).toBe(false);
    expect(stage.left(tenant, 'rows/bills')).toEqual(['ann', 'stays']);
    expect((await people.rowsOf(tenant)).filter(({ succeeds }) => succeeds !== null)).toEqual([]);
  });

  it.each([
    ['longer', { keptOn: 'contract', keptFor: 'P2M' }, '2026-08-15T12:00:00.001Z', 'contract'],
    ['without an end', { keptOn: 'contract' }, undefined, 'contract'],
  ] as const)(
    'is asked about again: a policy that retains it %s by then does',
    async (_, bills, until, basis) => {
      restart();
      const { tenant, request } = await erasedBut(forAMonth);
      await stage.engine.control
        .get(RegisterDataMap)
        .execute(callerOf(tenant.id), dataMapOf(mapOf(bills), tenant.id));
      await at(tenant, monthEnd);
      expect(stage.left(tenant, 'rows/bills')).toEqual(['ann', 'stays']);
      expect((await lastParts(request))[0]).toEqual(['bills', 'retained', basis, until]);
      expect(await stateOf(request)).toBe('completed_with_exceptions');
      if (until === undefined) return;
      await at(tenant, until);
      expect(stage.left(tenant, 'rows/bills')).toEqual(['stays']);
      expect(await stateOf(request)).toBe('completed');
    },
  );

  it('is held when a legal hold is in force by then, and goes when that is over', async () => {
    restart();
    const { tenant, request } = await erasedBut(forAMonth);
    const { id } = await holding.place(tenant, accounts('ann'));
    await at(tenant, monthEnd);
    expect(stage.left(tenant, 'rows/bills')).toEqual(['ann', 'stays']);
    expect((await lastParts(request))[0]?.slice(0, 2)).toEqual(['bills', 'held']);
    await holding.lift(tenant, id);
    await at(tenant, '2026-07-16T12:00:00.000Z');
    expect(stage.left(tenant, 'rows/bills')).toEqual(['stays']);
    expect(await stateOf(request)).toBe('completed');
  });

  it('of somebody whose keys nobody knows has no successor that could do nothing', async () => {
    restart();
    const { tenant, request } = await erasedBut({ ...forAMonth, identifier: 'email' });
    expect((await people.rowsOf(tenant)).filter(({ succeeds }) => succeeds !== null)).toEqual([]);
    expect(await lastParts(request)).toContainEqual(['bills', 'retained', 'legal_obligation', undefined]);
  });
});

/** On record for what was retained, and on nothing else. */
function expectedOf({ outcome }: Readonly<Record<string, unknown>>) {
  return outcome === 'retained' ? new Date(monthEnd) : null;
}
