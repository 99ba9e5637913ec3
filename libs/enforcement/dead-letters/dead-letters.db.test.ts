import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyError, systemIds, type DependencyCode, type JsonObject } from '#kernel';
import { Transactions } from '#platform/database';
import {
  FileRequests,
  PlanRequests,
  ReceiptRow,
  RequestRow,
  RequestsModule,
  SettleRequests,
} from '#requests';
import { callerOf } from '#testing';
import { ReadObligations } from '../read-obligations.js';
import { accounts, Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage, type StoredObligation } from '../testing/stage.js';
import { ContinueFailed } from './continue-failed.js';
import { CloseFailed, RetryFailed } from './retry-failed.js';

const stores = { rows: { lane: 'a', datasets: { clicks: {}, mails: {} } } };
const why = 'the store was taken down for good';

let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open({ modules: [RequestsModule], rows: [RequestRow, ReceiptRow] });
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

const breakWith = (code: DependencyCode) => () => {
  throw new DependencyError(code, 'the store is broken');
};
const officer = (tenant: TestTenant) => callerOf(tenant.id, 'privacy_officer');
const retry = (tenant: TestTenant, id: string) =>
  stage.engine.control.get(RetryFailed).execute(officer(tenant), id);
const close = (tenant: TestTenant, id: string) =>
  stage.engine.control.get(CloseFailed).execute(officer(tenant), id, why);
const continueFailed = (tenant: TestTenant) => stage.engine.worker.get(ContinueFailed).execute(tenant.id);
const successorOf = async (tenant: TestTenant, id: string) =>
  (await stage.obligations(tenant)).filter(({ succeeds }) => succeeds === id);

/** A tenant whose deletions of these people have failed in `clicks` and nowhere else. */
async function failedFor(people: readonly string[], code: DependencyCode = 'unauthorized') {
  const tenant = await stage.engine.tenant(stores);
  for (const dataset of Object.keys(stores.rows.datasets))
    stage.fill(tenant, `rows/${dataset}`, [...people, 'stays']);
  const store = tenant.stores['rows']!;
  store.script.plan({ verb: 'purge', dataset: 'clicks', moment: 'before', act: breakWith(code) });
  const subjects = people.map((value) => ({ type: 'account_id', value }));
  const { requests } = await stage.engine.control
    .get(FileRequests)
    .execute(callerOf(tenant.id), subjects, true);
  await stage.engine.worker.get(PlanRequests).execute(tenant.id);
  await work(tenant);
  store.script.calm();
  const letters = (await stage.obligations(tenant)).filter(({ outcome }) => outcome === 'failed');
  expect(letters).toHaveLength(people.length);
  return { tenant, letters, letter: letters[0]!, requests, request: requests[0]!.id };
}
async function work(tenant: TestTenant) {
  await continueFailed(tenant);
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

describe('what failed', () => {
  it('keeps its key until it is retried, and then its request is completed by a receipt that amends the first', async () => {
    const { tenant, letter, request } = await failedFor(['ann']);
    expect(letter.sealed_key).not.toBeNull();
    expect(await stateOf(request)).toBe('partially_completed');
    stage.engine.clock.advance(60_000);
    stage.fill(tenant, 'rows/clicks', ['ann'], { at: stage.from(-1_000) });
    await expect(retry(tenant, letter.id)).resolves.toMatchObject({ retriedAt: stage.engine.clock.now() });
    await work(tenant);
    const [successor, ...more] = await successorOf(tenant, letter.id);
    expect(more).toEqual([]);
    expect(successor).toMatchObject({
      dataset: 'clicks',
      cause_id: letter.cause_id,
      attempts: 1,
      outcome: 'erased',
      exact: false,
      rows: '1',
    });
    // What was collected after the request is nobody's business but a new cause's.
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays', 'ann']);
    expect(await stateOf(request)).toBe('completed');
    const [first, second, ...others] = await receiptsOf(request);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ state: 'partially_completed' });
    expect(second).toMatchObject({ state: 'completed', amends: expect.any(String) as string });
    const [old] = (await stage.obligations(tenant)).filter(({ id }) => id === letter.id);
    expect(old).toMatchObject({ outcome: 'failed', sealed_key: null });
    expect(await stage.entries(tenant, 'obligation.retried')).toEqual([
      {
        obligation: letter.id,
        cause: 'request',
        causeId: request,
        dataset: 'rows/clicks',
        error: 'unauthorized',
        actor: expect.stringMatching(/^key:/) as string,
      },
    ]);
  });

  it('fails again as a dead letter of its own, which can be retried', async () => {
    const { tenant, letter, request } = await failedFor(['ann']);
    tenant.stores['rows']!.script.failing.set('ann', 'invalid_config');
    await retry(tenant, letter.id);
    await work(tenant);
    const [second] = await successorOf(tenant, letter.id);
    expect(second).toMatchObject({ outcome: 'failed', error: 'invalid_config', attempts: 1 });
    expect(await stateOf(request)).toBe('partially_completed');
    tenant.stores['rows']!.script.calm();
    await retry(tenant, second!.id);
    await work(tenant);
    expect(await stateOf(request)).toBe('completed');
    expect(await receiptsOf(request)).toHaveLength(3);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
  });

  it('is listed by store, error and state, without its key; an auditor sees nobody', async () => {
    const { tenant, letters } = await failedFor(['ann', 'bob']);
    const read = stage.engine.control.get(ReadObligations);
    const ids = letters.map(({ id }) => id);
    const page = async (wanted: object) =>
      (await read.page(officer(tenant), { limit: 100, ...wanted })).map(({ id }) => id);
    expect(await page({ state: 'dead_letter' })).toEqual(ids);
    expect(await page({ outcome: 'failed', store: 'rows', error: 'unauthorized' })).toEqual(ids);
    expect(await page({ state: 'dead_letter', limit: 1, after: ids[0] })).toEqual([ids[1]]);
    expect(await page({ state: 'dead_letter', error: 'timeout' })).toEqual([]);
    expect(await page({ state: 'dead_letter', store: 'elsewhere' })).toEqual([]);
    expect(await page({ state: 'open' })).toEqual([]);
    expect((await page({ state: 'settled' })).length).toBe(4);
    await close(tenant, ids[0]!);
    await retry(tenant, ids[1]!);
    expect(await page({ state: 'dead_letter' })).toEqual([]);
    expect(await page({ outcome: 'failed' })).toEqual(ids);
    const auditor = callerOf(tenant.id, 'auditor');
    const [seen] = await read.page(auditor, { limit: 1, outcome: 'failed' });
    const shown = JSON.stringify(auditor.pick('Obligation', seen!));
    expect(shown).toContain('unauthorized');
    for (const secret of ['"ann"', seen!.subjectRef!, 'sealed']) expect(shown).not.toContain(secret);
  });
});

describe('a retry', () => {
  it('twice, one after the other or at once, makes one successor', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    const answers = await Promise.allSettled([
      retry(tenant, letter.id),
      retry(tenant, letter.id),
      retry(tenant, letter.id),
    ]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(retry(tenant, letter.id)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'obligation.retried',
    });
    await Promise.all([continueFailed(tenant), continueFailed(tenant)]);
    await continueFailed(tenant);
    expect(await successorOf(tenant, letter.id)).toHaveLength(1);
    expect(await stage.entries(tenant, 'obligation.retried')).toHaveLength(1);
    await expect(retry(tenant, letter.id)).rejects.toMatchObject({ code: 'obligation.retried' });
  });

  it('of what was closed, or did not fail, or is unknown, is refused', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    await close(tenant, letter.id);
    await expect(retry(tenant, letter.id)).rejects.toMatchObject({ code: 'obligation.closed' });
    const [erased] = (await stage.obligations(tenant)).filter(({ outcome }) => outcome === 'erased');
    await expect(retry(tenant, erased!.id)).rejects.toMatchObject({ code: 'obligation.not_failed' });
    for (const id of [systemIds.next(), 'nonsense'])
      await expect(retry(tenant, id)).rejects.toMatchObject({ code: 'obligation.unknown' });
    await continueFailed(tenant);
    expect(await successorOf(tenant, letter.id)).toEqual([]);
  });

  it('without a key that can be opened is refused, and can only be closed', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    await stage.owner(`update obligations set sealed_key = '\\x00' where id = $1`, [letter.id]);
    await expect(retry(tenant, letter.id)).rejects.toMatchObject({ code: 'obligation.no_key' });
    await stage.owner(`update obligations set sealed_key = null where id = $1`, [letter.id]);
    await expect(retry(tenant, letter.id)).rejects.toMatchObject({ code: 'obligation.no_key' });
    await close(tenant, letter.id);
  });

  it("of another tenant's finds nothing, also for many at once", async () => {
    const { letter } = await failedFor(['ann']);
    const stranger = await stage.engine.tenant(stores);
    await expect(retry(stranger, letter.id)).rejects.toMatchObject({ code: 'obligation.unknown' });
    await expect(close(stranger, letter.id)).rejects.toMatchObject({ code: 'obligation.unknown' });
    const many = stage.engine.control.get(RetryFailed);
    const scope = { store: 'rows', error: undefined };
    expect(await many.many(officer(stranger), scope)).toEqual({ retried: 0, more: false });
  });

  it('is for those who may change obligations', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    for (const role of ['auditor', 'store_agent', 'service', 'support'] as const) {
      const caller = callerOf(tenant.id, role);
      const { control } = stage.engine;
      await expect(control.get(RetryFailed).execute(caller, letter.id)).rejects.toMatchObject({
        kind: 'forbidden',
      });
      await expect(control.get(CloseFailed).execute(caller, letter.id, why)).rejects.toMatchObject({
        kind: 'forbidden',
      });
    }
  });

  it('respects a hold placed meanwhile: it is held, and goes on when that is over', async () => {
    const { tenant, letter, request } = await failedFor(['ann']);
    const { id: hold } = await holding.place(tenant, accounts('ann'));
    await retry(tenant, letter.id);
    await work(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'stays']);
    expect(await stateOf(request)).toBe('completed_with_exceptions');
    await holding.lift(tenant, hold);
    await holding.release(tenant);
    await work(tenant);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['stays']);
    expect(await stateOf(request)).toBe('completed');
  });

  it('of a tenant that is being erased does not happen', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    await retry(tenant, letter.id);
    await stage.owner(`update tenants set state = 'erasing' where id = $1`, [tenant.id]);
    const { worker } = stage.engine;
    const bells = await worker.get(Transactions).run(null, (tx) => worker.get(ContinueFailed).find(tx));
    expect(JSON.stringify(bells)).not.toContain(tenant.id);
  });

  it('is found by its row when its bell is lost', async () => {
    const { tenant, letter } = await failedFor(['ann']);
    await retry(tenant, letter.id);
    const { worker } = stage.engine;
    const bells = () => worker.get(Transactions).run(null, (tx) => worker.get(ContinueFailed).find(tx));
    expect(JSON.stringify(await bells())).toContain(tenant.id);
    await continueFailed(tenant);
    expect(JSON.stringify(await bells())).not.toContain(tenant.id);
  });

  it('of a withdrawal is superseded when the person has consented anew', async () => {
    const tenant = await stage.engine.tenant(stores);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    const [cause] = await stage.erase(tenant, ['ann']);
    await stage.owner(
      `update obligations set only_purposes = '{recommendations}', cause_kind = 'withdrawal' where cause_id = $1`,
      [cause],
    );
    await stage.consent(tenant, 'ann', 'grant', 'recommendations');
    await stage.consent(tenant, 'ann', 'withdraw', 'recommendations');
    tenant.stores['rows']!.script.failing.set('ann', 'unauthorized');
    await stage.run(tenant, 'rows');
    tenant.stores['rows']!.script.calm();
    await stage.consent(tenant, 'ann', 'grant', 'recommendations');
    const letter = (await stage.obligations(tenant)).find(({ dataset }) => dataset === 'clicks')!;
    expect(letter.outcome).toBe('failed');
    await retry(tenant, letter.id);
    await continueFailed(tenant);
    await stage.run(tenant, 'rows');
    expect(await successorOf(tenant, letter.id)).toMatchObject([{ outcome: 'superseded' }]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann']);
  });

  it('of a sweep sweeps up to the same cut-off, if the policy still wants it', async () => {
    const tenant = await stage.engine.tenant(stores);
    stage.fill(tenant, 'rows/clicks', ['old'], { at: stage.from(-9 * 86_400_000) });
    const [cause] = await stage.erase(tenant, ['ann']);
    await stage.owner(
      `update obligations set outcome = 'failed', error = 'unauthorized', settled_at = $2, sealed_key = null, due_at = null,
              subject_ref = null, cut_off = $2, cause_kind = 'sweep' where cause_id = $1`,
      [cause, stage.engine.clock.now()],
    );
    const [letter] = await stage.obligations(tenant);
    await retry(tenant, letter!.id);
    await continueFailed(tenant);
    await stage.run(tenant, 'rows');
    // The policy of these tests keeps everything.
    expect(await successorOf(tenant, letter!.id)).toMatchObject([
      { outcome: 'superseded', sealed_key: null },
    ]);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['old']);
  });
});

describe('many at once', () => {
  it('are retried by store and error, each once; what is closed or has no key stays', async () => {
    const people = Array.from({ length: 700 }, (_, index) => `p${index}`);
    const { tenant, letters } = await failedFor(people);
    await close(tenant, letters[0]!.id);
    await stage.owner('update obligations set sealed_key = null where id = $1', [letters[1]!.id]);
    const many = (scope: { store: string | undefined; error: string | undefined }) =>
      stage.engine.control.get(RetryFailed).many(officer(tenant), scope);
    const none = { retried: 0, more: false };
    expect(await many({ store: undefined, error: 'timeout' })).toEqual(none);
    expect(await many({ store: 'elsewhere', error: undefined })).toEqual(none);
    const answers = await Promise.all([
      many({ store: 'rows', error: 'unauthorized' }),
      many({ store: 'rows', error: undefined }),
    ]);
    expect(answers.map(({ retried }) => retried).toSorted((a, b) => a - b)).toEqual([0, 698]);
    await work(tenant);
    const successors = (await stage.obligations(tenant)).filter(({ succeeds }) => succeeds !== null);
    expect(new Set(successors.map(({ succeeds }) => succeeds)).size).toBe(698);
    expect(successors.every(({ outcome }: StoredObligation) => outcome === 'erased')).toBe(true);
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['p0', 'p1', 'stays']);
    expect(await stage.entries(tenant, 'obligation.retried')).toHaveLength(698);
  }, 120_000);

  it('need a scope', async () => {
    const tenant = await stage.engine.tenant(stores);
    const many = stage.engine.control.get(RetryFailed);
    await expect(many.many(officer(tenant), { store: undefined, error: undefined })).rejects.toMatchObject({
      kind: 'invalid',
      code: 'retry.without_scope',
    });
  });
});

describe('a dead letter that is closed', () => {
  it('loses its key, keeps its reason, and is in the log with a digest of it', async () => {
    const { tenant, letter, request } = await failedFor(['ann']);
    await expect(close(tenant, letter.id)).resolves.toMatchObject({ closeReason: why });
    const [row] = await stage.owner('select * from obligations where id = $1', [letter.id]);
    expect(row).toMatchObject({ sealed_key: null, close_reason: why, outcome: 'failed' });
    const [entry, ...more] = await stage.entries(tenant, 'obligation.closed');
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ obligation: letter.id, dataset: 'rows/clicks', error: 'unauthorized' });
    expect(JSON.stringify(entry)).not.toContain(why);
    expect(await stateOf(request)).toBe('partially_completed');
    await expect(close(tenant, letter.id)).rejects.toMatchObject({ code: 'obligation.closed' });
  });

  it('is refused for what was retried; of both at once one wins', async () => {
    const { tenant, letters } = await failedFor(['ann', 'bob']);
    await retry(tenant, letters[0]!.id);
    await expect(close(tenant, letters[0]!.id)).rejects.toMatchObject({ code: 'obligation.retried' });
    const answers = await Promise.allSettled([retry(tenant, letters[1]!.id), close(tenant, letters[1]!.id)]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
