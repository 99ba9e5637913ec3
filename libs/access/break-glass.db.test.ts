import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemIds, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { openLibraries, withClient, type OpenLibraries } from '#testing';
import { AccessModule } from './access.module.js';
import { BreakGlassRepository } from './break-glass.repository.js';
import { OperateBreakGlass, OverseeBreakGlass } from './break-glass.js';
import { Caller } from './domain/caller.js';
import type { TenantState } from './domain/principal.js';
import { roles, type Role } from './domain/roles.js';
import { FindTenant } from './find-tenant.js';
import { RecordBreakGlass } from './record-break-glass.js';
import { ApiKeyRow } from './rows/api-key.row.js';
import { BreakGlassRow } from './rows/break-glass.row.js';
import { IssuerRow } from './rows/issuer.row.js';
import { TenantRow } from './rows/tenant.row.js';
import { UseBreakGlass } from './use-break-glass.js';

const asked = new Date('2026-03-01T12:00:00.000Z');
const after = (minutes: number, milliseconds = 0) =>
  new Date(asked.getTime() + minutes * 60_000 + milliseconds);
const everything = { after: undefined, limit: 1_000 };
const wanted = { role: 'auditor' as const, reason: 'Ticket 4711: receipts fail', minutes: 30 };
const notInForce = expect.objectContaining({ kind: 'forbidden', code: 'break_glass.not_in_force' }) as Error;
const code = (text: string) => expect.objectContaining({ code: text }) as Error;

const operator = (key: string = randomUUID()) => callerOf(null, 'operator', `key:${key}`);
function callerOf(tenant: TenantId | null, role: Role, actor = `key:${randomUUID()}`): Caller {
  const person = role === 'person' ? { identifier: 'email:a', subjectRef: null } : null;
  return new Caller({
    tenant,
    tenantState: 'active',
    roles: [role],
    actor,
    scope: {},
    person,
    disclosed: [],
  });
}
const keyOf = ({ principal }: Caller) => principal.actor.slice('key:'.length);

describe('break-glass access', () => {
  let libraries: OpenLibraries;
  let operate: OperateBreakGlass;
  let oversee: OverseeBreakGlass;
  let tenant: TenantId;
  let other: TenantId;
  const asker = operator();
  const approver = operator();

  beforeAll(async () => {
    const rows = [TenantRow, ApiKeyRow, IssuerRow, BreakGlassRow];
    libraries = await openLibraries([AccessModule], rows);
    operate = libraries.get(OperateBreakGlass);
    oversee = libraries.get(OverseeBreakGlass);
    tenant = await libraries.newTenant();
    other = await libraries.newTenant();
  });
  afterAll(() => libraries.close());

  const request = (of: TenantId = tenant, by = asker) =>
    operate.request(by, of, wanted, { id: systemIds.next(), at: asked });
  const approved = async (of: TenantId = tenant) => {
    const { id } = await request(of);
    return operate.approve(approver, of, id, after(10));
  };
  const use = (now: Date, by: Caller, named: string, id: string) =>
    new UseBreakGlass(
      libraries.get(FindTenant),
      libraries.get(Transactions),
      libraries.get(BreakGlassRepository),
      libraries.get(RecordBreakGlass),
      { now: () => now },
    ).execute(by.principal.actor, named, id, 'GET /v1/requests');
  const usedIn = async (of: TenantId, id: string) =>
    (await libraries.entries(of)).filter(
      ({ kind, data }) => kind === 'break_glass.used' && data['grant'] === id,
    ).length;
  const find = (id: string, now = after(11)) => operate.find(approver, tenant, id, now);
  const moveTo = (of: TenantId, state: TenantState) =>
    withClient(libraries.database.ownerUrl, (client) =>
      client.query('update tenants set state = $2 where id = $1', [of, state]),
    );

  it('is asked for, approved by another, used, and ended by the tenant, which sees each of it', async () => {
    const of = await libraries.newTenant();
    const admin = callerOf(of, 'administrator');
    const { id } = await operate.request(asker, `t-${of}`, wanted, { id: systemIds.next(), at: asked });
    const seen = { id, ...wanted, requestedBy: keyOf(asker), requestedAt: asked };
    expect(await operate.find(approver, of, id, after(1))).toMatchObject({ ...seen, state: 'requested' });
    await operate.approve(approver, of, id, after(10));
    for (const named of [of, `t-${of}`])
      expect(await use(after(20), asker, named, id)).toEqual({
        tenant: of,
        tenantState: 'active',
        role: 'auditor',
      });
    const approval = { approvedBy: keyOf(approver), approvedAt: after(10), endsAt: after(40) };
    expect(await oversee.list(admin, everything, after(21))).toEqual([
      { ...seen, ...approval, state: 'approved', endedBy: null, endedAt: null, uses: 2 },
    ]);
    await oversee.end(admin, id, after(22));
    await expect(use(after(22), asker, of, id)).rejects.toThrow(notInForce);
    const ending = { state: 'ended', endedBy: admin.principal.actor, endedAt: after(22), uses: 2 };
    expect(await oversee.list(admin, everything, after(50))).toEqual([{ ...seen, ...approval, ...ending }]);

    const entries = await libraries.entries(of);
    const reasonDigest = entries[0]?.data['reasonDigest'];
    expect(reasonDigest).toMatch(/^[0-9a-f]{64}$/);
    const used = { kind: 'break_glass.used', data: { grant: id, operation: 'GET /v1/requests' } };
    const { role, minutes } = wanted;
    expect(entries.map(({ kind, data }) => ({ kind, data }))).toEqual([
      {
        kind: 'break_glass.requested',
        data: { grant: id, role, minutes, by: keyOf(asker), reasonDigest },
      },
      {
        kind: 'break_glass.approved',
        data: { grant: id, by: keyOf(approver), endsAt: after(40).toISOString(), reasonDigest },
      },
      used,
      used,
      { kind: 'break_glass.ended', data: { grant: id, by: admin.principal.actor, reasonDigest } },
    ]);
    expect(JSON.stringify(entries)).not.toContain(wanted.reason);
  });

  it('is in force for the operator that asked, from the approval to the end of its minutes', async () => {
    const { id } = await approved();
    await use(after(10), asker, tenant, id);
    await use(after(40, -1), asker, tenant, id);
    await expect(use(after(40), asker, tenant, id)).rejects.toThrow(notInForce);
    expect(await usedIn(tenant, id)).toBe(2);
    expect(await find(id)).toMatchObject({ uses: 2 });
  });

  it('is not in force before it is approved, nor for anybody else, nor elsewhere; and no use is counted', async () => {
    const pending = await request();
    const granted = await approved();
    const [ended, takenBack] = [await approved(), await request()];
    await operate.end(approver, tenant, ended.id, after(11));
    await operate.end(asker, tenant, takenBack.id, after(11));
    const before = (await libraries.entries(tenant)).length;
    const now = after(11);
    const attempts: readonly (readonly [string, Caller, string, string, Date?])[] = [
      ['not approved', asker, tenant, pending.id],
      ['lapsed', asker, tenant, pending.id, after(24 * 60)],
      ['approved, but of another operator', operator(), tenant, granted.id],
      ['approved, for the approver', approver, tenant, granted.id],
      ['approved, in another tenant', asker, other, granted.id],
      ['expired', asker, tenant, granted.id, after(40)],
      ['ended by an operator', asker, tenant, ended.id],
      ['taken back', asker, tenant, takenBack.id],
      ['unknown', asker, tenant, systemIds.next()],
      ['no id', asker, tenant, "' or ''='"],
      ['in capital letters', asker, tenant, granted.id.toUpperCase()],
      ['of no tenant', asker, 'nobody', granted.id],
      ['of what is no name', asker, 'a\0b', granted.id],
    ];
    for (const [what, by, named, id, at] of attempts)
      await expect(use(at ?? now, by, named, id), what).rejects.toThrow(notInForce);
    expect(await libraries.entries(tenant)).toHaveLength(before);
    for (const { id } of [pending, granted, ended, takenBack])
      expect(await find(id)).toMatchObject({ uses: 0 });
  });

  it('needs four eyes: the key that asked cannot approve, and the table would not have it either', async () => {
    const { id } = await request();
    await expect(operate.approve(asker, tenant, id, after(1))).rejects.toThrow(
      code('break_glass.same_operator'),
    );
    await expect(use(after(1), asker, tenant, id)).rejects.toThrow(notInForce);
    const byForce = withClient(libraries.database.ownerUrl, (client) =>
      client.query(
        'update break_glass set approved_by = requested_by, approved_at = $2, ends_at = $2 where id = $1',
        [id, after(1)],
      ),
    );
    await expect(byForce).rejects.toThrow(/break_glass_four_eyes_ck/);
  });

  it('is approved once, and not once it has lapsed', async () => {
    const { id } = await request();
    const results = await Promise.allSettled(
      [approver, operator(), operator()].map((by) => operate.approve(by, tenant, id, after(1))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toEqual(code('break_glass.not_requested'));
    const late = await request();
    await expect(operate.approve(approver, tenant, late.id, after(24 * 60))).rejects.toThrow(
      code('break_glass.not_requested'),
    );
  });

  it('lets nothing begin once its end is committed, and counts every use, however they race', async () => {
    const { id } = await approved();
    await use(after(11), asker, tenant, id);
    const uses = Array.from({ length: 12 }, () => use(after(11), asker, tenant, id));
    const ending = operate.end(approver, tenant, id, after(11));
    const outcomes = await Promise.allSettled(uses);
    await ending;
    const worked = outcomes.filter(({ status }) => status === 'fulfilled').length + 1;
    await expect(use(after(11), asker, tenant, id)).rejects.toThrow(notInForce);
    expect(await usedIn(tenant, id)).toBe(worked);
    expect(await find(id)).toMatchObject({ uses: worked, state: 'ended' });
    const kinds = (await libraries.entries(tenant))
      .filter(({ data }) => data['grant'] === id)
      .map(({ kind }) => kind);
    expect(kinds.at(-1)).toBe('break_glass.ended');
  });

  it('is ended once, and not when it is over', async () => {
    const { id } = await approved();
    await expect(operate.end(approver, tenant, id, after(40))).rejects.toThrow(code('break_glass.over'));
    await operate.end(operator(), tenant, id, after(11));
    const again = oversee.end(callerOf(tenant, 'administrator'), id, after(12));
    await expect(again).rejects.toThrow(code('break_glass.over'));
    expect(await find(id)).toMatchObject({ endedAt: after(11) });
  });

  it('is asked for, approved and ended from outside by operators only', async () => {
    const { id } = await request();
    const denied = expect.objectContaining({ kind: 'forbidden' }) as Error;
    for (const role of roles.filter((one) => one !== 'operator')) {
      const by = callerOf(tenant, role);
      await expect(request(tenant, by), role).rejects.toThrow(denied);
      await expect(operate.find(by, tenant, id, after(1)), role).rejects.toThrow(denied);
      await expect(operate.approve(by, tenant, id, after(1)), role).rejects.toThrow(denied);
      await expect(operate.end(by, tenant, id, after(1)), role).rejects.toThrow(denied);
    }
    // Whoever is in the tenant by such an access is no operator there.
    const guest = callerOf(tenant, 'privacy_officer', `break-glass:${id}`);
    await expect(request(tenant, guest)).rejects.toThrow(denied);
    await expect(oversee.end(guest, id, after(1))).rejects.toThrow(denied);
    expect(await find(id, after(1))).toMatchObject({ state: 'requested' });
  });

  it('is seen by who watches over the tenant and ended by its administrator, neither by an operator', async () => {
    const { id } = await approved();
    const watchers = ['administrator', 'privacy_officer', 'auditor'];
    for (const role of roles) {
      const by = role === 'operator' ? operator() : callerOf(tenant, role);
      const list = oversee.list(by, everything, after(11));
      if (watchers.includes(role)) expect((await list).map((grant) => grant.id)).toContain(id);
      else await expect(list, role).rejects.toThrow(code('access.denied'));
      if (role !== 'administrator')
        await expect(oversee.end(by, id, after(11)), role).rejects.toThrow(code('access.denied'));
    }
    await oversee.end(callerOf(tenant, 'administrator'), id, after(11));
  });

  it('of one tenant is nothing that another sees, ends or is told of', async () => {
    const { id } = await approved();
    const stranger = callerOf(other, 'administrator');
    const before = await libraries.entries(other);
    expect(await oversee.list(stranger, everything, after(11))).toEqual([]);
    await expect(oversee.end(stranger, id, after(11))).rejects.toThrow(code('break_glass.unknown'));
    for (const act of [
      () => operate.find(approver, other, id, after(11)),
      () => operate.approve(operator(), other, id, after(11)),
      () => operate.end(approver, other, id, after(11)),
    ])
      await expect(act()).rejects.toThrow(code('break_glass.unknown'));
    expect(await find(id)).toMatchObject({ state: 'approved' });
    expect(await libraries.entries(other)).toEqual(before);
  });

  it('is listed in pages', async () => {
    const of = await libraries.newTenant();
    const ids = [];
    for (let made = 0; made < 5; made++) ids.push((await request(of)).id);
    const admin = callerOf(of, 'auditor');
    const first = await oversee.list(admin, { after: undefined, limit: 2 }, after(1));
    const rest = await oversee.list(admin, { after: first.at(-1)?.id, limit: 10 }, after(1));
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids.sort());
    expect(first).toHaveLength(2);
  });

  it('is not to be had of a tenant that nobody knows', async () => {
    for (const named of ['nobody', randomUUID(), '', 'a\0b', 'A', 'x'.repeat(64), "' or true --"])
      await expect(
        operate.request(asker, named, wanted, { id: systemIds.next(), at: asked }),
        JSON.stringify(named),
      ).rejects.toThrow(code('tenant.unknown'));
  });

  it('goes with a tenant that is leaving, and ends when it is being erased', async () => {
    const of = await libraries.newTenant();
    const { id } = await approved(of);
    await moveTo(of, 'offboarding');
    expect(await use(after(11), asker, of, id)).toMatchObject({ tenantState: 'offboarding' });
    for (const state of ['erasing', 'offboarded'] as const) {
      await moveTo(of, state);
      await expect(use(after(11), asker, of, id), state).rejects.toThrow(notInForce);
      await expect(request(of), state).rejects.toThrow(code('tenant.unknown'));
    }
    expect(await usedIn(of, id)).toBe(1);
  });

  it('cannot be erased, backdated or widened by the application, whatever its faults', async () => {
    const { id } = await request();
    for (const statement of [
      'delete from break_glass where id = $2 and tenant_id = $1',
      "update break_glass set role = 'privacy_officer' where id = $2 and tenant_id = $1",
      "update break_glass set reason = '' where id = $2 and tenant_id = $1",
      'update break_glass set minutes = 240 where id = $2 and tenant_id = $1',
      'update break_glass set requested_by = gen_random_uuid() where id = $2 and tenant_id = $1',
    ]) {
      const run = withClient(libraries.database.appUrl, async (client) => {
        await client.query("select set_config('app.tenant', $1, false)", [tenant]);
        await client.query(statement, [tenant, id]);
      });
      await expect(run, statement).rejects.toThrow(/permission denied/);
    }
  });
});
