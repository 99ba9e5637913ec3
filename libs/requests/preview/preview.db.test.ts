import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, Holding, type TestTenant } from '#enforcement/testing';
import { DependencyError } from '#kernel';
import { Elsewhere } from '#platform/runtime';
import { callerOf } from '#testing';
import { account, Previewing } from '../testing/previewing.js';

const day = 86_400_000;
const stores = {
  rows: { lane: 'a', datasets: { clicks: {}, letters: { identifier: 'email' } } },
  vectors: { lane: 'b', datasets: { embeddings: {} } },
};

let previewing: Previewing;
beforeAll(async () => {
  previewing = await Previewing.open();
});
afterAll(() => previewing.stage.close());

async function tenantWith(known: readonly string[] = ['ann', 'bob']) {
  const tenant = await previewing.stage.engine.tenant(stores);
  for (const one of known) await previewing.stage.consent(tenant, one, 'grant', 'recommendations');
  previewing.stage.fill(tenant, 'rows/clicks', ['ann', 'ann', 'bob', 'cid']);
  return tenant;
}
const countOf = async (tenant: TestTenant, table: string) =>
  (
    await previewing.stage.owner(`select count(*)::int as n from ${table} where tenant_id = $1`, [tenant.id])
  )[0]?.['n'];
const rowOf = async (id: string) =>
  (await previewing.stage.owner('select * from request_previews where id = $1', [id]))[0];
const breakDown = (tenant: TestTenant, store: string) => {
  tenant.stores[store]!.script.plan({
    verb: 'count',
    moment: 'before',
    act: () => {
      throw new DependencyError('unreachable', 'down');
    },
  });
};

describe('a preview of a deletion', () => {
  it('says by store and dataset what would become of whose rows', async () => {
    const tenant = await tenantWith();
    const preview = await previewing.preview(tenant, ['ann', 'bob'].map(account));
    expect(preview).toMatchObject({ state: 'counted', people: 2, policyVersion: 1 });
    const none = { hold: null, basis: null, retainedUntil: null, error: null };
    expect(preview.parts).toEqual([
      {
        store: 'rows',
        dataset: 'clicks',
        action: 'erase',
        people: 2,
        found: 2,
        rows: 3,
        exact: true,
        note: null,
        ...none,
      },
      {
        ...{
          store: 'rows',
          dataset: 'letters',
          action: 'unsupported',
          people: 2,
          found: null,
          rows: null,
          exact: false,
        },
        ...none,
        note: 'no identifier of the type that this dataset is keyed by is known',
      },
      {
        store: 'vectors',
        dataset: 'embeddings',
        action: 'erase',
        people: 2,
        found: 0,
        rows: 0,
        exact: true,
        note: null,
        ...none,
      },
    ]);
  });

  it('asks each dataset once, whoever and however many it is about', async () => {
    const tenant = await tenantWith();
    const many = Array.from({ length: 1_000 }, (_, index) => account(`p${index}`));
    await previewing.preview(tenant, [...many.slice(2), account('ann'), account('ann')]);
    expect(tenant.stores['rows']!.script.calls.map(({ verb, dataset }) => `${verb} ${dataset}`)).toEqual([
      'count clicks',
    ]);
    expect(tenant.stores['rows']!.script.calls[0]?.subjects).toHaveLength(999);
  });

  it('registers nobody, suppresses nobody, and tells a stranger from somebody with nothing by no word', async () => {
    const tenant = await tenantWith(['ann', 'bob', 'known']);
    const tables = [
      'subjects',
      'subject_identifiers',
      'suppressions',
      'requests',
      'obligations',
      'ledger_entries',
    ];
    const before = await Promise.all(tables.map((table) => countOf(tenant, table)));
    const known = await previewing.preview(tenant, [account('known')]);
    const stranger = await previewing.preview(tenant, [account('stranger')]);
    expect(await Promise.all(tables.map((table) => countOf(tenant, table)))).toEqual(before);
    expect({ ...stranger, id: '', asOf: '', expiresAt: '', actor: '' }).toEqual({
      ...known,
      ...{ id: '', asOf: '', expiresAt: '', actor: '' },
    });
  });

  it('sees the hold on somebody who was erased, and whom nobody knows any more', async () => {
    const tenant = await tenantWith();
    const holding = new Holding(previewing.stage);
    await previewing.file(tenant, [account('bob')]);
    const { id } = await holding.place(tenant, accounts('bob'));
    // What settling does to whoever is erased everywhere.
    await previewing.stage.owner('delete from subject_identifiers where tenant_id = $1', [tenant.id]);
    const { parts } = await previewing.preview(tenant, [account('bob')]);
    expect(parts!.find(({ dataset }) => dataset === 'clicks')).toMatchObject({
      action: 'held',
      hold: id,
      rows: 1,
    });
  });

  it('has failed where a store does not answer, says so of that dataset alone, and never 0', async () => {
    const tenant = await tenantWith();
    breakDown(tenant, 'vectors');
    const { state, parts } = await previewing.preview(tenant, ['ann', 'bob'].map(account));
    expect(state).toBe('failed');
    const of = (name: string) => parts!.find(({ dataset }) => dataset === name);
    expect(of('clicks')).toMatchObject({ rows: 3, exact: true, error: null });
    expect(of('embeddings')).toMatchObject({ rows: null, found: null, exact: false, error: 'unreachable' });
  });

  it('has failed where rows of one person could not be counted; the others’ are a part of what is there', async () => {
    const tenant = await tenantWith();
    tenant.stores['rows']!.script.failing.set('bob', 'conflict');
    const { state, parts } = await previewing.preview(tenant, ['ann', 'bob'].map(account));
    expect(state).toBe('failed');
    expect(parts![0]).toMatchObject({ rows: 2, found: 1, exact: false, error: 'conflict' });
  });

  it('keeps people sealed, only until they are counted, and goes after a day', async () => {
    const tenant = await tenantWith();
    const { id, find } = await previewing.ask(tenant, [account('ann')]);
    const waiting = await rowOf(id);
    expect(waiting).toMatchObject({ state: 'counting', parts: null });
    expect(Buffer.from(waiting!['sealed_people'] as Buffer).includes('ann')).toBe(false);
    await previewing.count(tenant);
    expect(await rowOf(id)).toMatchObject({ state: 'counted', sealed_people: null });
    expect(JSON.stringify(await rowOf(id))).not.toContain('ann');
    previewing.stage.engine.clock.advance(day);
    await expect(find()).rejects.toMatchObject({ code: 'request.unknown_preview' });
    await previewing.count(tenant);
    expect(await rowOf(id)).toBeUndefined();
  });

  it('is seen by the office and by whoever asked, and by nobody else', async () => {
    const tenant = await tenantWith();
    const service = callerOf(tenant.id, 'service');
    const { id, find } = await previewing.ask(tenant, [account('ann')], service);
    for (const caller of [service, callerOf(tenant.id, 'privacy_officer')])
      expect((await find(caller)).id).toBe(id);
    const { actor } = service.principal;
    const person = { person: { identifier: 'account_id:ann', subjectRef: null } };
    const strangers = [
      callerOf(tenant.id, 'service'),
      callerOf(tenant.id, 'person', person),
      callerOf((await tenantWith()).id, 'administrator', { actor }),
    ];
    for (const caller of strangers)
      await expect(find(caller)).rejects.toMatchObject({ code: 'request.unknown_preview' });
    for (const caller of [
      callerOf(tenant.id, 'auditor', { actor }),
      callerOf(tenant.id, 'service', { actor, scope: { stores: ['rows'] } }),
    ])
      await expect(find(caller)).rejects.toMatchObject({ code: 'access.denied' });
  });

  it('is asked for by whoever may file for these people', async () => {
    const tenant = await tenantWith();
    const person = callerOf(tenant.id, 'person', {
      person: { identifier: 'account_id:ann', subjectRef: null },
    });
    await expect(previewing.ask(tenant, [account('ann')], person)).resolves.toBeDefined();
    for (const caller of [person, callerOf(tenant.id, 'auditor')])
      await expect(previewing.ask(tenant, [account('ann'), account('bob')], caller)).rejects.toMatchObject({
        code: 'access.denied',
      });
  });

  it('is counted by another worker when the one that began has died, and by one at a time', async () => {
    const tenant = await tenantWith();
    const { find } = await previewing.ask(tenant, [account('ann')]);
    const died = new AbortController();
    tenant.stores['rows']!.script.plan({
      verb: 'count',
      moment: 'after',
      times: 1,
      act: () => {
        died.abort();
      },
    });
    await expect(previewing.count(tenant, died.signal)).rejects.toThrow();
    expect((await find()).state).toBe('counting');
    await previewing.count(tenant);
    expect((await find()).state).toBe('counting');
    previewing.stage.engine.clock.advance(31_000);
    await previewing.count(tenant);
    expect((await find()).state).toBe('counted');
  });

  it('is counted by each region in its own stores, one after the other', async () => {
    const previewing = await Previewing.open(['eu']);
    const { stage } = previewing;
    const inRegion = (region: string) => ({ lane: region, region, datasets: { clicks: {} } });
    const tenant = await stage.engine.tenant({ eu: inRegion('eu'), us: inRegion('us') });
    for (const store of ['eu', 'us']) stage.fill(tenant, `${store}/clicks`, ['ann']);
    const { find } = await previewing.ask(tenant, [account('ann')]);
    await expect(previewing.count(tenant)).rejects.toThrow(Elsewhere);
    expect(await find()).toMatchObject({ state: 'counting', parts: null });
    expect(tenant.stores['us']!.script.calls).toEqual([]);
    // As a worker of the other region would.
    await stage.owner(
      `update stores set region = case name when 'us' then 'eu' else 'us' end where tenant_id = $1`,
      [tenant.id],
    );
    await previewing.count(tenant);
    expect(await find()).toMatchObject({
      state: 'counted',
      parts: [
        { store: 'eu', action: 'erase', rows: 1 },
        { store: 'us', action: 'erase', rows: 1 },
      ],
    });
    expect(tenant.stores['eu']!.script.calls).toHaveLength(1);
    await stage.close();
  });
});
