import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerQuestions } from '#consent';
import { canonicalJson, type JsonObject } from '#kernel';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { RegisterDataMap } from '#stores';
import { SuppressSubjects } from '#subjects';
import { callerOf } from '#testing';
import { RequestRescan, RescanStores } from '../rescan-stores.js';
import { dataMapOf } from '../testing/data-map.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage } from '../testing/stage.js';

const stores = { rows: { lane: 'a', datasets: { clicks: {}, mails: {} } } };
const ann = { type: 'account_id', value: 'ann' };

let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open({ modules: [RequestsModule], rows: [RequestRow, ReceiptRow] });
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith(given: Parameters<Stage['engine']['tenant']>[0] = stores) {
  const tenant = await stage.engine.tenant(given);
  for (const dataset of Object.keys(given['rows']!.datasets))
    stage.fill(tenant, `rows/${dataset}`, ['ann', 'bob']);
  return tenant;
}
async function file(tenant: TestTenant) {
  const { requests } = await stage.engine.control
    .get(FileRequests)
    .execute(callerOf(tenant.id), [ann], false);
  await stage.engine.worker.get(PlanRequests).execute(tenant.id);
  return requests[0]!;
}
/** What the bells of a system would have done. */
async function work(tenant: TestTenant) {
  await holding.release(tenant);
  await stage.run(tenant, 'rows');
  await stage.engine.worker.get(SettleRequests).execute(tenant.id);
}
const stateOf = async (id: string) =>
  (await stage.owner<{ state: string }>('select state from requests where id = $1', [id]))[0]?.state;
const receiptsOf = async (id: string) =>
  (
    await stage.owner<{ document: JsonObject }>(
      'select document from receipts where request_id = $1 order by number',
      [id],
    )
  ).map(({ document }) => document);
const register = (tenant: TestTenant) =>
  stage.engine.control.get(SuppressSubjects).lift(callerOf(tenant.id), ann);
const reasonFor = async (tenant: TestTenant) => {
  const question = { subject: ann, purpose: 'recommendations' };
  const answer = stage.engine.control.get(AnswerQuestions);
  const [answered] = await answer.execute(callerOf(tenant.id), [question], {
    optOutSignal: false,
    revision: undefined,
  });
  return [answered!.decision.effect, answered!.decision.reason];
};

describe('a deletion of what is partly under a hold', () => {
  it('ends with an exception, and again without it once the hold is over; the second receipt amends the first', async () => {
    const tenant = await tenantWith();
    const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
    const { id } = await file(tenant);
    await work(tenant);
    expect(await stateOf(id)).toBe('completed_with_exceptions');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
    expect(stage.left(tenant, 'rows/mails')).toEqual(['ann', 'bob']);
    stage.engine.clock.advance(1_000);
    await work(tenant);
    expect(await receiptsOf(id)).toHaveLength(1);
    await holding.lift(tenant, hold);
    await work(tenant);
    expect(await stateOf(id)).toBe('completed');
    expect(stage.left(tenant, 'rows/mails')).toEqual(['bob']);
    const [first, second, ...more] = await receiptsOf(id);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ state: 'completed_with_exceptions' });
    const parts = (document: JsonObject | undefined) =>
      (document!['parts'] as JsonObject[]).map(({ dataset, outcome, legalBasis, rows }) => [
        dataset,
        outcome,
        legalBasis,
        rows,
      ]);
    expect(parts(first).toSorted()).toEqual([
      ['clicks', 'erased', null, 1],
      ['mails', 'held', 'legal_claims', 0],
    ]);
    expect(parts(second).toSorted()).toEqual([
      ['clicks', 'erased', null, 1],
      ['mails', 'erased', null, 1],
    ]);
    const digest = createHash('sha256').update(canonicalJson(first!)).digest('base64');
    expect(second).toMatchObject({ state: 'completed', amends: digest });
    const issued = await stage.entries(tenant, 'receipt.issued');
    expect(issued[0]).toEqual({ request: id, digest });
    expect(issued).toHaveLength(2);
    expect((await stage.entries(tenant, 'request.settled')).map(({ state }) => state)).toEqual([
      'completed_with_exceptions',
      'completed',
    ]);
  });

  it('says in its receipt why in a word, and neither the matter nor the reason nor the hold', async () => {
    const tenant = await tenantWith();
    const { id: hold, reason } = await holding.place(tenant, accounts('ann'), { basis: 'legal_obligation' });
    const { id } = await file(tenant);
    await work(tenant);
    const text = JSON.stringify(await receiptsOf(id));
    expect(text).toContain('legal_obligation');
    expect(text).toContain('kept because of a legal hold');
    for (const secret of [hold, reason, '2026-114', 'ann']) expect(text).not.toContain(secret);
  });

  it('keeps the person suppressed and known until all is gone: nothing they had comes to life again', async () => {
    const tenant = await tenantWith();
    await stage.consent(tenant, 'ann', 'grant', 'recommendations');
    const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
    await file(tenant);
    await work(tenant);
    await expect(register(tenant)).rejects.toMatchObject({ code: 'subject.being_erased' });
    expect(await reasonFor(tenant)).toEqual(['deny', 'subject.suppressed']);
    await holding.lift(tenant, hold);
    await work(tenant);
    const known = await stage.owner('select 1 from subject_identifiers where tenant_id = $1', [tenant.id]);
    expect(known).toEqual([]);
    await expect(register(tenant)).resolves.toBeDefined();
  });

  it('is not joined by a new request, which reaches up to its own time', async () => {
    const tenant = await tenantWith();
    const { id: hold } = await holding.place(tenant, { stores: ['rows'] });
    const first = await file(tenant);
    await work(tenant);
    stage.engine.clock.advance(9_000);
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(-1_000) });
    const second = await file(tenant);
    expect(second).toMatchObject({ joined: false });
    await work(tenant);
    await holding.lift(tenant, hold);
    await work(tenant);
    expect([await stateOf(first.id), await stateOf(second.id)]).toEqual(['completed', 'completed']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
  });

  it('that failed elsewhere stays partially completed, and its receipt says that the held part is done', async () => {
    const tenant = await tenantWith({
      rows: { lane: 'a', datasets: { mails: {}, letters: { identifier: 'email' } } },
    });
    const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
    const { id } = await file(tenant);
    await work(tenant);
    expect(await stateOf(id)).toBe('partially_completed');
    await holding.lift(tenant, hold);
    await work(tenant);
    expect(await stateOf(id)).toBe('partially_completed');
    expect(await receiptsOf(id)).toHaveLength(2);
    expect(stage.left(tenant, 'rows/mails')).toEqual(['bob']);
  });

  it.each([
    ['is retained', { keep: { basis: 'contract' } }, 'retained', 'contract', 'completed_with_exceptions'],
    ['is still purged', 'purge', 'erased', null, 'completed'],
  ] as const)(
    'of what %s by the data map when the hold is over ends so: years may have passed',
    async (_, rule, outcome, basis, state) => {
      const tenant = await tenantWith();
      const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
      const { id } = await file(tenant);
      await work(tenant);
      const { clicks } = stores.rows.datasets;
      const mails = rule === 'purge' ? {} : { keptOn: rule.keep.basis };
      const map = dataMapOf({ rows: { lane: 'a', datasets: { clicks, mails } } }, tenant.id);
      await stage.engine.control.get(RegisterDataMap).execute(callerOf(tenant.id), map);
      await holding.lift(tenant, hold);
      await work(tenant);
      const last = (await stage.obligations(tenant)).at(-1);
      expect(last).toMatchObject({ dataset: 'mails', outcome, basis });
      expect(stage.left(tenant, 'rows/mails')).toEqual(outcome === 'erased' ? ['bob'] : ['ann', 'bob']);
      expect(await stateOf(id)).toBe(state);
      expect((await stage.leaves(tenant)).at(-1)).toMatchObject({ outcome, ...(basis && { basis }) });
    },
  );

  it('whose hold ends before it is settled has one receipt, of the end', async () => {
    const tenant = await tenantWith();
    const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
    const { id } = await file(tenant);
    await stage.run(tenant, 'rows');
    await holding.lift(tenant, hold);
    await work(tenant);
    expect(await stateOf(id)).toBe('completed');
    expect(await receiptsOf(id)).toHaveLength(1);
  });

  it('held again by another hold has a receipt for each change, and the same state', async () => {
    const tenant = await tenantWith();
    const { id: first } = await holding.place(tenant, { datasets: ['rows/mails'] });
    const { id } = await file(tenant);
    await work(tenant);
    await holding.place(tenant, accounts('ann'), { basis: 'public_task' });
    await holding.lift(tenant, first);
    await work(tenant);
    expect(await stateOf(id)).toBe('completed_with_exceptions');
    expect(JSON.stringify((await receiptsOf(id)).at(-1))).toContain('public_task');
    expect(stage.left(tenant, 'rows/mails')).toEqual(['ann', 'bob']);
  });
});

describe('a re-scan', () => {
  it('does not take held rows for rows that came back; what really did is held too, and goes with the rest', async () => {
    const tenant = await tenantWith();
    const { id: hold } = await holding.place(tenant, { datasets: ['rows/mails'] });
    await file(tenant);
    await work(tenant);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    const { control, worker } = stage.engine;
    const scan = await control
      .get(RequestRescan)
      .execute(callerOf(tenant.id), 'rows', stage.engine.clock.now());
    await worker.get(RescanStores).execute(tenant.id, new AbortController().signal);
    expect(await control.get(RequestRescan).find(callerOf(tenant.id), scan)).toMatchObject({ found: 1 });
    expect(await stage.entries(tenant, 'signals.reappeared')).toEqual([{ dataset: 'rows/clicks' }]);
    await work(tenant);
    expect(stage.left(tenant, 'rows/mails')).toEqual(['ann', 'bob']);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['bob']);
    await holding.lift(tenant, hold);
    await work(tenant);
    expect(stage.left(tenant, 'rows/mails')).toEqual(['bob']);
  });
});

describe('consent under a hold', () => {
  it('decides as it would without: a hold preserves, and permits no use', async () => {
    const tenant = await tenantWith();
    await stage.consent(tenant, 'ann', 'grant', 'recommendations');
    expect(await reasonFor(tenant)).toEqual(['allow', 'consent.given']);
    await holding.place(tenant, accounts('ann'));
    expect(await reasonFor(tenant)).toEqual(['allow', 'consent.given']);
    await stage.consent(tenant, 'ann', 'withdraw', 'recommendations');
    expect(await reasonFor(tenant)).toEqual(['deny', 'consent.withdrawn']);
  });
});
