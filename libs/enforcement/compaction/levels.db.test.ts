import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, DependencyError } from '#kernel';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { callerOf } from '#testing';
import { accounts, Holding } from '../testing/holding.js';
import { ErasedPeople, partsOf, type Requests } from '../testing/erased-people.js';
import { Stage } from '../testing/stage.js';

const compactionDelay = 5 * 60_000;
const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, mails: {} } },
  lake: { lane: 'b', datasets: { events: {} } },
};

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

const levelsOf = (document: Parameters<typeof partsOf>[0]) => partsOf(document, 'dataset', 'level');

describe('a compaction', () => {
  it('raises the level of what was removed, and one receipt says so of all stores', async () => {
    const { tenant, request } = await people.erased(['ann', 'bob'], stores);
    const [first] = await people.receiptsOf(request);
    expect(levelsOf(first)).toEqual([
      ['clicks', 'removed'],
      ['events', 'removed'],
      ['mails', 'removed'],
    ]);
    stage.engine.clock.advance(compactionDelay);
    await people.work(tenant, 'rows');
    // The lake is not compacted yet: its receipt waits for that.
    expect(await people.receiptsOf(request)).toHaveLength(1);
    await people.work(tenant, 'lake');
    const receipts = await people.receiptsOf(request);
    expect(receipts).toHaveLength(2);
    expect(levelsOf(receipts[1])).toEqual([
      ['clicks', 'expunged'],
      ['events', 'expunged'],
      ['mails', 'expunged'],
    ]);
    expect(receipts[1]?.['amends']).toBe(createHash('sha256').update(canonicalJson(first!)).digest('base64'));
    expect(receipts[1]?.['settledAt']).toBe(first?.['settledAt']);
    expect(await stage.entries(tenant, 'store.compacted')).toHaveLength(2);
  });

  it('that failed raises nothing, and does once it is done', async () => {
    const { tenant, request } = await people.erased(['ann']);
    tenant.stores['rows']!.script.plan({
      verb: 'compact',
      moment: 'before',
      times: 1,
      act: () => {
        throw new DependencyError('not_supported', 'too large');
      },
    });
    stage.engine.clock.advance(compactionDelay);
    await people.work(tenant);
    expect(await people.receiptsOf(request)).toHaveLength(1);
    for (const row of await people.rowsOf(tenant)) expect(row['level']).toBe('removed');
    stage.engine.clock.advance(15 * 60_000);
    await people.work(tenant);
    expect(levelsOf((await people.receiptsOf(request)).at(-1))).toEqual([
      ['clicks', 'expunged'],
      ['mails', 'expunged'],
    ]);
  });

  it('that fails for good in one store keeps no receipt of the others waiting', async () => {
    const { tenant, request } = await people.erased(['ann'], stores);
    tenant.stores['lake']!.script.plan({
      verb: 'compact',
      moment: 'before',
      act: () => {
        throw new DependencyError('not_supported', 'too large');
      },
    });
    stage.engine.clock.advance(compactionDelay);
    await people.work(tenant, 'lake', 'rows');
    expect(levelsOf((await people.receiptsOf(request)).at(-1))).toEqual([
      ['clicks', 'expunged'],
      ['events', 'removed'],
      ['mails', 'expunged'],
    ]);
  });

  it('says nothing of what was not found, held, or erased after it', async () => {
    const tenant = await stage.engine.tenant(stores);
    for (const dataset of ['rows/clicks', 'rows/mails', 'lake/events']) stage.fill(tenant, dataset, ['ann']);
    stage.fill(tenant, 'rows/clicks', ['bob']);
    await new Holding(stage).place(tenant, { ...accounts('ann'), datasets: ['rows/mails'] });
    const [ann = '', bob = ''] = await requests.file(tenant, ['ann', 'bob']);
    await people.work(tenant, 'rows', 'lake');
    stage.engine.clock.advance(compactionDelay);
    await people.work(tenant, 'rows', 'lake');
    expect(levelsOf((await people.receiptsOf(ann)).at(-1))).toEqual([
      ['clicks', 'expunged'],
      ['events', 'expunged'],
      ['mails', null],
    ]);
    expect(levelsOf((await people.receiptsOf(bob)).at(-1))).toEqual([
      ['clicks', 'expunged'],
      ['events', null],
      ['mails', null],
    ]);
    stage.fill(tenant, 'rows/clicks', ['cid']);
    const [cid = ''] = await requests.file(tenant, ['cid']);
    await people.work(tenant, 'rows', 'lake');
    expect(levelsOf((await people.receiptsOf(cid)).at(-1))[0]).toEqual(['clicks', 'removed']);
    // Nothing new of the others: one further receipt each.
    expect(await people.receiptsOf(ann)).toHaveLength(2);
  });
});
