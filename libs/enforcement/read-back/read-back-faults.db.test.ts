import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError } from '#kernel';
import { Transactions } from '#platform/database';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { SuppressSubjects } from '#subjects';
import { callerOf } from '#testing';
import { FindLostWork } from '../find-lost-work.js';
import { PauseStore, ResumeStore } from '../lanes/pause-store.js';
import { PlanWithdrawals } from '../plan-withdrawals.js';
import { day, ErasedPeople, partsOf, type Requests } from '../testing/erased-people.js';
import { accounts, Holding } from '../testing/holding.js';
import { Gate } from '../testing/script.js';
import { Stage } from '../testing/stage.js';

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

describe('a read-back', () => {
  it('of a store that is down confirms nothing, and is tried until it answers', async () => {
    const { tenant, request, asOf } = await people.erased(['ann']);
    const store = tenant.stores['rows']!;
    for (const code of ['unreachable', 'unauthorized'] as const) {
      store.script.plan({
        verb: 'verify',
        moment: 'before',
        act: () => {
          throw new DependencyError(code, 'the store is down');
        },
      });
      await people.aDayLater(tenant);
      store.script.calm();
    }
    expect(await people.readBacks(tenant)).toEqual([]);
    // The second says that the store was compacted.
    expect(await people.receiptsOf(request)).toHaveLength(2);
    for (const row of await people.rowsOf(tenant)) {
      expect(row).toMatchObject({ read_back: null, read_back_tries: 2 });
      expect(row['sealed_key']).not.toBeNull();
    }
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: asOf });
    await people.aDayLater(tenant);
    expect((await people.readBacks(tenant)).map(({ result }) => result).toSorted()).toEqual([
      'came_back',
      'confirmed',
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('of one person whom the store cannot answer for fails nobody else', async () => {
    const { tenant } = await people.erased(['ann', 'bob'], { rows: { lane: 'a', datasets: { clicks: {} } } });
    const store = tenant.stores['rows']!;
    store.script.failing.set('ann', 'timeout');
    await people.aDayLater(tenant);
    store.script.calm();
    expect(await people.readBacks(tenant)).toMatchObject([{ result: 'confirmed' }]);
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toMatchObject([{ result: 'confirmed' }, { result: 'confirmed' }]);
  });

  it('of a store that is paused waits for it, without a try, and rings nobody', async () => {
    const { tenant } = await people.erased(['ann']);
    const { control, worker, clock } = stage.engine;
    const officer = callerOf(tenant.id, 'privacy_officer');
    await control.get(PauseStore).execute(officer, 'rows', { reason: 'It moves', drain: false });
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toEqual([]);
    for (const row of await people.rowsOf(tenant)) expect(row['read_back_tries']).toBe(0);
    const wake = async () => {
      const bells = await worker
        .get(Transactions)
        .run(null, (tx) => worker.get(FindLostWork).execute(tx, clock.now()));
      return bells.some(({ payload }) => JSON.stringify(payload).includes(tenant.laneOf('rows')));
    };
    expect(await wake()).toBe(false);
    await control.get(ResumeStore).execute(officer, 'rows');
    expect(await wake()).toBe(true);
    await people.work(tenant);
    expect(await people.readBacks(tenant)).toMatchObject([{ result: 'confirmed' }, { result: 'confirmed' }]);
  });

  it('that nobody could make for a week ends failed: the key goes, and nothing is called confirmed', async () => {
    const { tenant, request } = await people.erased(['ann']);
    const store = tenant.stores['rows']!;
    await stage.owner('update obligations set read_back_tries = 699 where tenant_id = $1', [tenant.id]);
    store.script.failing.set('ann', 'unreachable');
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toMatchObject([
      { result: 'failed', error: 'unreachable' },
      { result: 'failed', error: 'unreachable' },
    ]);
    for (const row of await people.rowsOf(tenant))
      expect(row).toMatchObject({ sealed_key: null, outcome: 'erased' });
    expect(partsOf((await people.receiptsOf(request)).at(-1), 'confirmedAt', 'readBackDueAt')).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it('whose worker dies before it could settle is made again, once, by the next', async () => {
    const { tenant, request } = await people.erased(['ann']);
    const store = tenant.stores['rows']!;
    stage.fill(tenant, 'rows/clicks', ['ann']);
    store.script.plan({
      verb: 'verify',
      dataset: 'clicks',
      moment: 'after',
      times: 1,
      act: async () => {
        await stage.owner('update lanes set fence = fence + 1 where id = $1', [tenant.laneOf('rows')]);
      },
    });
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toEqual([]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays', 'ann']);
    expect(await people.receiptsOf(request)).toHaveLength(1);
    await stage.owner('update lanes set lease_until = null where id = $1', [tenant.laneOf('rows')]);
    await people.work(tenant);
    expect(await people.readBacks(tenant)).toHaveLength(2);
    expect((await people.rowsOf(tenant)).filter((row) => row['succeeds'] !== null)).toHaveLength(1);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('leaves what came back under a hold until that is over', async () => {
    const { tenant, request } = await people.erased(['ann']);
    const { id: hold } = await holding.place(tenant, accounts('ann'));
    stage.fill(tenant, 'rows/clicks', ['ann']);
    await people.aDayLater(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays', 'ann']);
    expect(await people.requestOf(request)).toMatchObject({ state: 'completed_with_exceptions' });
    expect(partsOf((await people.receiptsOf(request)).at(-1), 'dataset', 'outcome')).toEqual([
      ['clicks', 'held'],
      ['mails', 'erased'],
    ]);
    await holding.lift(tenant, hold);
    await holding.release(tenant);
    await people.work(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await people.requestOf(request)).toMatchObject({ state: 'completed' });
  });

  it('leaves the rows of who registered anew, with a date or without, and says that it did not look', async () => {
    const { tenant, request } = await people.erased(['ann', 'bob']);
    const store = tenant.stores['rows']!;
    await stage.engine.control
      .get(SuppressSubjects)
      .lift(callerOf(tenant.id), { type: 'account_id', value: 'ann' });
    stage.engine.clock.advance(1_000);
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob'], { at: stage.from(0) });
    store.insert('rows.clicks', [{ key: 'ann', at: null }]);
    await people.aDayLater(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays', 'ann', 'bob', 'ann']);
    const told = await people.readBacks(tenant);
    const resultsOf = (id: string) =>
      told.filter(({ causeId }) => causeId === id).map(({ result }) => result);
    expect(resultsOf(request)).toEqual(['superseded', 'superseded']);
    expect(told.map(({ result }) => result).toSorted()).toEqual([
      'confirmed',
      'confirmed',
      'superseded',
      'superseded',
    ]);
    for (const row of await people.rowsOf(tenant)) expect(row['sealed_key']).toBeNull();
    expect(partsOf((await people.receiptsOf(request)).at(-1), 'confirmedAt')).toEqual([[null], [null]]);
  });

  it('of a withdrawal looks for what is still lost only', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {} } } });
    for (const person of ['ann', 'bob']) await stage.consent(tenant, person, 'grant', 'recommendations');
    stage.engine.clock.advance(1_000);
    for (const person of ['ann', 'bob']) await stage.consent(tenant, person, 'withdraw', 'recommendations');
    await stage.engine.worker.get(PlanWithdrawals).execute(tenant.id);
    await stage.run(tenant, 'rows');
    await stage.consent(tenant, 'bob', 'grant', 'recommendations');
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob']);
    await people.aDayLater(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
    expect((await people.readBacks(tenant)).map(({ result }) => result).toSorted()).toEqual([
      'came_back',
      'superseded',
    ]);
  });

  it('of a key that cannot be opened is tried, and fails nobody else', async () => {
    const { tenant } = await people.erased(['ann']);
    await stage.owner(
      `update obligations set sealed_key = '\\x00' where tenant_id = $1 and dataset = 'clicks'`,
      [tenant.id],
    );
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toMatchObject([{ dataset: 'rows/mails', result: 'confirmed' }]);
  });

  it('of a tenant that begins to be erased meanwhile settles nothing, and does not stop the lane', async () => {
    const { tenant } = await people.erased(['ann']);
    const store = tenant.stores['rows']!;
    const gate = new Gate();
    store.script.plan({ verb: 'verify', moment: 'after', times: 1, act: gate.wait });
    stage.engine.clock.advance(day);
    const pass = stage.run(tenant, 'rows');
    await gate.reached;
    await stage.owner(`update tenants set state = 'erasing' where id = $1`, [tenant.id]);
    gate.open();
    await pass;
    expect(await people.readBacks(tenant)).toEqual([]);
    for (const row of await people.rowsOf(tenant)) expect(row['read_back']).toBeNull();
  });
});
