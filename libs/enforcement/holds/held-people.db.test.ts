import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MergePeople } from '#consent';
import type { SubjectRef } from '#kernel';
import { Transactions } from '#platform/database';
import { LiftHold, ReadHolds } from '#policy';
import { ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';
import { callerOf } from '#testing';
import { PlanObligations } from '../plan-obligations.js';
import { Holding } from '../testing/holding.js';
import type { TestTenant } from '../testing/open-engine.js';
import { Stage } from '../testing/stage.js';
import { PlaceHold } from './place-hold.js';

const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, views: { identifier: 'device_id' } } },
};
const account = (value: string): Identifier => ({ type: 'account_id', value });
const device = (value: string): Identifier => ({ type: 'device_id', value });

let stage: Stage;
let holding: Holding;
beforeAll(async () => {
  stage = await Stage.open();
  holding = new Holding(stage);
});
afterAll(async () => {
  await stage.close();
});

async function tenantWith() {
  const tenant = await stage.engine.tenant(stores);
  stage.fill(tenant, 'rows/clicks', ['ann', 'bob']);
  stage.fill(tenant, 'rows/views', ['phone', 'tablet']);
  return tenant;
}
const inTx = <T>(tenant: TestTenant, work: Parameters<Transactions['run']>[1]) =>
  stage.engine.control.get(Transactions).run(tenant.id, work) as Promise<T>;
const refOf = (tenant: TestTenant, one: Identifier) =>
  inTx<SubjectRef>(
    tenant,
    async (tx) => (await stage.engine.control.get(ResolveSubjects).execute(tx, tenant.id, [one]))[0],
  );
const left = (tenant: TestTenant) => [
  ...stage.left(tenant, 'rows/clicks'),
  ...stage.left(tenant, 'rows/views'),
];
async function merge(tenant: TestTenant, from: Identifier, into: Identifier) {
  const [one, other] = [await refOf(tenant, from), await refOf(tenant, into)];
  await stage.engine.control.get(MergePeople).merge(callerOf(tenant.id), one, other);
}

describe('a hold on a person', () => {
  it('who is merged into another goes with them', async () => {
    const tenant = await tenantWith();
    await refOf(tenant, device('phone'));
    await holding.place(tenant, { subjects: [device('phone')] });
    await merge(tenant, device('phone'), account('ann'));
    await stage.erase(tenant, [account('ann')]);
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual(['ann', 'bob', 'phone', 'tablet']);
  });

  it('into whom another is merged covers what was planned for that one before', async () => {
    const tenant = await tenantWith();
    await stage.erase(tenant, [device('phone')]);
    await holding.place(tenant, { subjects: [account('ann')] });
    // As a withdrawal would be planned; whoever asked for a deletion is not merged.
    await merge(tenant, device('phone'), account('ann'));
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual(['ann', 'bob', 'phone', 'tablet']);
  });

  it('who turns out to be two covers both', async () => {
    const tenant = await tenantWith();
    await merge(tenant, device('phone'), account('ann'));
    await holding.place(tenant, { subjects: [account('ann')] });
    const ref = await refOf(tenant, account('ann'));
    await stage.engine.control.get(MergePeople).split(callerOf(tenant.id), ref, [device('phone')]);
    await stage.erase(tenant, [device('phone'), account('bob')]);
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual(['ann', 'phone', 'tablet']);
  });

  /** As after an erasure that is complete: suppressed, and we have no copy of their identifiers. */
  async function erasedBefore(tenant: TestTenant, one: Identifier) {
    const ref = await refOf(tenant, one);
    const suppress = stage.engine.control.get(SuppressSubjects);
    await inTx(tenant, (tx) => suppress.execute(tx, tenant.id, [ref], stage.from(0)));
    await stage.owner('delete from subject_identifiers where subject_ref = $1', [ref]);
    return ref;
  }

  it('whose erasure was complete before covers what comes back of them, and does not keep them from registering', async () => {
    const tenant = await tenantWith();
    const before = await erasedBefore(tenant, account('ann'));
    const { scope, unkeyed } = await holding.place(tenant, { subjects: [account('ann'), account('bob')] });
    expect(scope.subjectRefs).toContain(before);
    expect(unkeyed).toEqual(['rows/views']);
    const found = new Map([[before, new Map([['account_id', ['ann']]])]]);
    const cause = {
      kind: 'reappearance' as const,
      id: before,
      subjectRef: before,
      asOf: stage.from(0),
      deadline: stage.from(1_000),
    };
    const { worker, control } = stage.engine;
    await worker
      .get(Transactions)
      .run(tenant.id, (tx) => worker.get(PlanObligations).execute(tx, tenant.id, [cause], 1, found));
    await stage.run(tenant, 'rows');
    expect(left(tenant)).toEqual(['ann', 'bob', 'phone', 'tablet']);
    const anew = await control.get(SuppressSubjects).lift(callerOf(tenant.id), account('ann'));
    expect(anew).not.toBe(before);
    stage.fill(tenant, 'rows/clicks', ['ann']);
    await stage.erase(tenant, [account('ann')]);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toEqual(['ann', 'bob', 'ann']);
  });

  it('whom nobody knew yet covers them from the first signal on', async () => {
    const tenant = await tenantWith();
    const { scope } = await holding.place(tenant, { subjects: [account('zoe'), account('zoe')] });
    expect(scope.subjectRefs).toHaveLength(1);
    stage.fill(tenant, 'rows/clicks', ['zoe']);
    await stage.erase(tenant, [account('zoe')]);
    await stage.run(tenant, 'rows');
    expect(stage.left(tenant, 'rows/clicks')).toContain('zoe');
  });
});

describe('placing and lifting', () => {
  const officer = (tenant: TestTenant) => callerOf(tenant.id, 'privacy_officer');

  it.each([
    ['that covers everything', {}, null, 'hold.covers_everything'],
    ['with an end in the past', { subjects: [account('zoe')] }, -1, 'hold.ends_in_the_past'],
    [
      'on what is not registered',
      { subjects: [account('zoe')], stores: ['rosw'] },
      null,
      'hold.names_nothing',
    ],
    ['on a dataset without its store', { datasets: ['clicks'] }, null, 'hold.names_nothing'],
  ] as const)('refuses one %s, and leaves nothing behind', async (_, scope, end, code) => {
    const tenant = await tenantWith();
    const placing = holding.place(tenant, scope, end === null ? {} : { until: stage.from(end) });
    await expect(placing).rejects.toMatchObject({ kind: 'invalid', code });
    expect(await stage.owner('select 1 from holds where tenant_id = $1', [tenant.id])).toEqual([]);
    expect(await stage.owner('select 1 from subjects where tenant_id = $1', [tenant.id])).toEqual([]);
    expect(await stage.entries(tenant, 'hold.placed')).toEqual([]);
  });

  it('is in the log without people, matter or reason', async () => {
    const tenant = await tenantWith();
    const { id, reason } = await holding.place(tenant, { subjects: [account('ann')], purposes: ['ads'] });
    await holding.lift(tenant, id);
    const [placed] = await stage.entries(tenant, 'hold.placed');
    expect(placed).toMatchObject({
      hold: id,
      basis: 'legal_claims',
      scope: { subjects: 1, purposes: ['ads'] },
    });
    const [lifted] = await stage.entries(tenant, 'hold.lifted');
    expect(lifted).toMatchObject({ hold: id });
    const text = JSON.stringify([placed, lifted]);
    for (const secret of [reason, '2026-114', 'ann', String(await refOf(tenant, account('ann')))])
      expect(text).not.toContain(secret);
  });

  it('asks who may, whatever the door let through', async () => {
    const tenant = await tenantWith();
    const { control } = stage.engine;
    const { id } = await holding.place(tenant, { stores: ['rows'] });
    const wanted = {
      basis: 'legal_claims' as const,
      matter: 'm',
      reason: 'none of their business',
      scope: { stores: ['rows'] },
    };
    const made = { id, at: stage.from(0) };
    for (const role of ['auditor', 'service', 'support', 'ingest', 'person'] as const) {
      const caller = callerOf(tenant.id, role);
      const refused = { code: 'access.denied' };
      await expect(control.get(PlaceHold).execute(caller, wanted, made)).rejects.toMatchObject(refused);
      await expect(control.get(LiftHold).execute(caller, id, 'no reason')).rejects.toMatchObject(refused);
      const read = control.get(ReadHolds).find(caller, id);
      if (role === 'auditor') expect(await read).toMatchObject({ state: 'active' });
      else await expect(read).rejects.toMatchObject(refused);
    }
  });

  it('is of one tenant: to any other it does not exist', async () => {
    const [tenant, other] = [await tenantWith(), await tenantWith()];
    const { id } = await holding.place(tenant, { subjects: [account('ann')] });
    const { control } = stage.engine;
    const unknown = { kind: 'not_found', code: 'hold.unknown' };
    await expect(control.get(ReadHolds).find(officer(other), id)).rejects.toMatchObject(unknown);
    await expect(control.get(LiftHold).execute(officer(other), id, 'why not at all')).rejects.toMatchObject(
      unknown,
    );
    await expect(control.get(ReadHolds).find(officer(tenant), 'nonsense')).rejects.toMatchObject(unknown);
    await stage.erase(other, [account('ann')]);
    await stage.run(other, 'rows');
    expect(stage.left(other, 'rows/clicks')).toEqual(['bob']);
  });

  it('is over once, however it ended', async () => {
    const tenant = await tenantWith();
    const lifted = await holding.place(tenant, { stores: ['rows'] });
    const ended = await holding.place(tenant, { stores: ['rows'] }, { until: stage.from(1) });
    const lifts = await Promise.allSettled([1, 2, 3].map(() => holding.lift(tenant, lifted.id)));
    expect(lifts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    stage.engine.clock.advance(1);
    await expect(holding.lift(tenant, ended.id)).rejects.toMatchObject({ code: 'hold.over' });
    expect(await stage.entries(tenant, 'hold.lifted')).toHaveLength(1);
    const page = (state: 'active' | 'lifted' | 'ended') =>
      stage.engine.control.get(ReadHolds).page(officer(tenant), { state, after: undefined, limit: 10 });
    expect((await page('active')).map(({ id }) => id)).toEqual([]);
    expect((await page('lifted')).map(({ id }) => id)).toEqual([lifted.id]);
    expect((await page('ended')).map(({ id }) => id)).toEqual([ended.id]);
    await holding.release(tenant);
    expect((await page('ended')).map(({ id }) => id)).toEqual([ended.id]);
  });
});
