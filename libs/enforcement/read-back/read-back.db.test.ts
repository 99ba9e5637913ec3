import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from '#kernel';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy } from '#policy';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { callerOf } from '#testing';
import { LanesRepository } from '../lanes.repository.js';
import { policy } from '../testing/data-map.js';
import { day, ErasedPeople, partsOf, type Requests } from '../testing/erased-people.js';
import { Stage } from '../testing/stage.js';

let stage: Stage;
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
  people = new ErasedPeople(stage, requests);
});
afterAll(async () => {
  await stage.close();
});

describe('what was erased', () => {
  it('is read back again after a day, and not before; then its key goes and its receipt says so', async () => {
    const { tenant, request } = await people.erased(['ann']);
    const store = tenant.stores['rows']!;
    const settledAt = stage.engine.clock.now();
    for (const row of await people.rowsOf(tenant)) {
      expect(row['sealed_key']).not.toBeNull();
      expect(row['read_back_due_at']).toEqual(stage.from(day));
    }
    stage.engine.clock.advance(day - 1);
    await people.work(tenant);
    expect(await people.readBacks(tenant)).toEqual([]);
    // The second says that the store was compacted.
    expect(await people.receiptsOf(request)).toHaveLength(2);
    const before = store.script.callsOf('purge').length;
    stage.engine.clock.advance(1);
    const confirmedAt = stage.engine.clock.now().toISOString();
    await people.work(tenant);
    expect(store.script.callsOf('purge').length).toBe(before);
    expect(store.script.callsOf('verify')).toHaveLength(4);
    for (const row of await people.rowsOf(tenant))
      expect(row).toMatchObject({
        sealed_key: null,
        read_back_due_at: null,
        read_back: 'confirmed',
        outcome: 'erased',
      });
    expect(await people.readBacks(tenant)).toMatchObject([
      {
        cause: 'request',
        causeId: request,
        dataset: 'rows/clicks',
        result: 'confirmed',
        rows: 0,
        error: null,
      },
      {
        cause: 'request',
        causeId: request,
        dataset: 'rows/mails',
        result: 'confirmed',
        rows: 0,
        error: null,
      },
    ]);
    const [first, compacted, second, ...more] = await people.receiptsOf(request);
    expect(more).toEqual([]);
    expect(partsOf(first, 'confirmedAt', 'cameBackAt')).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(JSON.stringify(first)).toContain('read back once more');
    expect(partsOf(second, 'confirmedAt', 'cameBackAt', 'readBackDueAt')).toEqual([
      [confirmedAt, null, null],
      [confirmedAt, null, null],
    ]);
    const digest = createHash('sha256').update(canonicalJson(compacted!)).digest('base64');
    expect(second).toMatchObject({ state: 'completed', amends: digest, settledAt: settledAt.toISOString() });
    // It was done when it was done, and not a day late.
    expect(await people.requestOf(request)).toEqual({ state: 'completed', settled_at: settledAt });
    await people.aDayLater(tenant);
    expect(await people.readBacks(tenant)).toHaveLength(2);
    expect(await people.receiptsOf(request)).toHaveLength(3);
  });

  it('and came back is erased again up to the same moment; the next receipt says both', async () => {
    const { tenant, request, asOf } = await people.erased(['ann', 'bob']);
    stage.engine.clock.advance(1_000);
    // A writer had these in hand; what was collected later is nobody's business but a new cause's.
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: asOf });
    stage.fill(tenant, 'rows/clicks', ['ann', 'bob'], { at: stage.from(0) });
    await people.aDayLater(tenant);
    const backAt = stage.engine.clock.now();
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays', 'ann', 'bob']);
    const rows = await people.rowsOf(tenant);
    const back = rows.filter((row) => row['read_back'] === 'came_back');
    expect(back).toMatchObject([{ dataset: 'clicks', sealed_key: null, read_back_due_at: null }]);
    const successors = rows.filter((row) => row['succeeds'] !== null);
    expect(successors).toMatchObject([
      {
        succeeds: back[0]!['id'],
        cause_id: request,
        as_of: asOf,
        outcome: 'erased',
        rows: '1',
        attempts: 1,
        read_back_due_at: stage.from(day),
      },
    ]);
    const told = await people.readBacks(tenant);
    expect(told.filter(({ result }) => result === 'came_back')).toMatchObject([
      { obligation: back[0]!['id'], rows: 1, successor: successors[0]!['id'] },
    ]);
    expect(told).toHaveLength(4);
    expect(await people.requestOf(request)).toMatchObject({ state: 'completed' });
    const [, second] = await people.receiptsOf(request);
    expect(partsOf(second, 'dataset', 'outcome', 'rows', 'cameBackAt', 'confirmedAt')).toEqual([
      ['clicks', 'erased', 2, backAt.toISOString(), null],
      ['mails', 'erased', 1, null, backAt.toISOString()],
    ]);
    await people.aDayLater(tenant);
    const [, , third, ...more] = await people.receiptsOf(request);
    expect(more).toEqual([]);
    expect(partsOf(third, 'dataset', 'cameBackAt', 'confirmedAt')).toEqual([
      ['clicks', backAt.toISOString(), stage.engine.clock.now().toISOString()],
      ['mails', null, backAt.toISOString()],
    ]);
    for (const row of await people.rowsOf(tenant)) expect(row['sealed_key']).toBeNull();
  });

  it('was never there, and appeared late, is erased as well', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {}, mails: {} } } });
    await requests.file(tenant, ['ann']);
    await people.work(tenant);
    stage.fill(tenant, 'rows/mails', ['ann']);
    await people.aDayLater(tenant);
    expect(stage.left(tenant, 'rows/mails')).toEqual([]);
    expect((await people.readBacks(tenant)).map(({ result }) => result).toSorted()).toEqual([
      'came_back',
      'confirmed',
    ]);
  });

  it('in several stores has one further receipt, when the last of them was read back', async () => {
    const two = {
      rows: { lane: 'a', datasets: { clicks: {} } },
      lake: { lane: 'b', datasets: { events: {} } },
    };
    const { tenant, request } = await people.erased(['ann'], two);
    stage.engine.clock.advance(day);
    await people.work(tenant, 'rows');
    expect(await people.receiptsOf(request)).toHaveLength(1);
    await people.work(tenant, 'lake');
    expect(await people.receiptsOf(request)).toHaveLength(2);
  });

  it('by two requests is judged for each up to its own moment', async () => {
    const { tenant, asOf } = await people.erased(['ann']);
    stage.engine.clock.advance(60_000);
    const between = stage.from(-30_000);
    const [second] = await requests.file(tenant, ['ann']);
    await people.work(tenant);
    expect(asOf < between).toBe(true);
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: between });
    await people.aDayLater(tenant);
    const back = (await people.readBacks(tenant)).filter(({ result }) => result === 'came_back');
    expect(back.map(({ causeId }) => causeId)).toEqual([second]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('of a tenant whose policy says so is read back after seconds', async () => {
    const tenant = await stage.engine.tenant({ rows: { lane: 'a', datasets: { clicks: {}, mails: {} } } });
    const { control } = stage.engine;
    const document = { ...(JSON.parse(policy) as JsonObject), readBack: { after: 'PT2S' } };
    const applied = {
      policy: parsePolicy(JSON.stringify(document)),
      files: [],
      effectiveAt: null,
      planDigest: null,
    };
    await control
      .get(Transactions)
      .run(tenant.id, (tx) => control.get(ApplyPolicy).execute(tx, callerOf(tenant.id), applied));
    await stage.erase(tenant, ['ann']);
    await stage.run(tenant, 'rows');
    for (const row of await people.rowsOf(tenant)) expect(row['read_back_due_at']).toEqual(stage.from(2_000));
  });

  it('is found by its rows, in a lane that nobody holds', async () => {
    const { tenant } = await people.erased(['ann']);
    const { worker, clock } = stage.engine;
    const idle = async () =>
      (
        await worker
          .get(Transactions)
          .run(null, (tx) => worker.get(LanesRepository).idleWithWork(tx, clock.now()))
      ).map(({ id }) => id);
    await stage.owner('update stores set compaction_due_at = null where tenant_id = $1', [tenant.id]);
    expect(await idle()).not.toContain(tenant.laneOf('rows'));
    stage.engine.clock.advance(day);
    expect(await idle()).toContain(tenant.laneOf('rows'));
    await people.work(tenant);
    expect(await idle()).not.toContain(tenant.laneOf('rows'));
  });

  it('of thousands of people is read back in a few calls', async () => {
    const names = Array.from({ length: 2_100 }, (_, index) => `p${index}`);
    const { tenant } = await people.erased(names, { rows: { lane: 'a', datasets: { clicks: {} } } });
    const store = tenant.stores['rows']!;
    stage.fill(tenant, 'rows/clicks', ['p7', 'p2099']);
    const before = store.script.callsOf('verify').length;
    await people.aDayLater(tenant);
    // Two to look again, and one for what came back.
    expect(store.script.callsOf('verify').length - before).toBe(3);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    const results = (await people.rowsOf(tenant)).map((row) => row['read_back']);
    expect(results.filter((result) => result === 'confirmed')).toHaveLength(2_098);
    expect(results.filter((result) => result === 'came_back')).toHaveLength(2);
  }, 120_000);
});
