import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller } from '#access';
import { systemIds, type SubjectRef, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { callerOf, openLibraries, withClient, type OpenLibraries } from '#testing';
import { DiscloseSubject, Disclosures } from './disclose-subject.js';
import { ReadSubject } from './read-subject.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { DisclosureRow } from './rows/disclosure.row.js';
import { SubjectsModule } from './subjects.module.js';

type Role = Caller['principal']['roles'][number];

const at = new Date('2026-03-01T12:00:00.000Z');
const after = (minutes: number, milliseconds = 0) => new Date(at.getTime() + minutes * 60_000 + milliseconds);
const reason = 'Ticket 4711: cannot log in';
const unknown = expect.objectContaining({ kind: 'not_found', code: 'subject.unknown' }) as Error;
const denied = expect.objectContaining({ code: 'access.denied' }) as Error;
const everything = { after: undefined, limit: 1_000 };

describe('showing a person to support', () => {
  let libraries: OpenLibraries;
  let disclose: DiscloseSubject;
  let disclosures: Disclosures;

  beforeAll(async () => {
    libraries = await openLibraries([SubjectsModule], [DisclosureRow]);
    disclose = libraries.get(DiscloseSubject);
    disclosures = libraries.get(Disclosures);
  });
  afterAll(() => libraries.close());

  const register = (tenant: TenantId, ...values: readonly string[]): Promise<readonly SubjectRef[]> =>
    libraries.get(Transactions).run(tenant, (tx) =>
      libraries.get(ResolveSubjects).execute(
        tx,
        tenant,
        values.map((value) => ({ type: 'email', value })),
      ),
    );
  const show = (caller: Caller, value: string, when = at) =>
    disclose.execute(
      caller,
      { subject: { type: 'email', value }, reason },
      { id: systemIds.next(), at: when },
    );
  const current = ({ tenant, principal }: Caller, now: Date) =>
    libraries.get(Transactions).run(tenant, (tx) => disclosures.current(tx, tenant, principal.actor, now));
  /** The caller as the guard makes it for a request at that moment. */
  const knowing = async (caller: Caller, now: Date) =>
    new Caller({ ...caller.principal, disclosed: await current(caller, now) });

  it('lets that one actor see that one person, for a quarter of an hour', async () => {
    const tenant = await libraries.newTenant();
    const [ann, bob] = await register(tenant, 'ann@example.org', 'bob@example.org');
    const [jane, joe] = [callerOf(tenant, 'support'), callerOf(tenant, 'support')];
    const read = libraries.get(ReadSubject);
    await expect(read.execute(jane, ann!)).rejects.toThrow(unknown);
    const disclosure = await show(jane, ' Ann@Example.org');
    expect(disclosure).toMatchObject({ subjectRef: ann, reason, disclosedAt: at, expiresAt: after(15) });
    for (const now of [at, after(15, -1)])
      expect(await read.execute(await knowing(jane, now), ann!)).toMatchObject({
        subjectRef: ann,
        identifiers: [{ type: 'email', value: 'ann@example.org' }],
      });
    await expect(read.execute(await knowing(jane, at), bob!)).rejects.toThrow(unknown);
    await expect(read.execute(await knowing(jane, after(15)), ann!)).rejects.toThrow(unknown);
    await expect(read.execute(await knowing(joe, at), ann!)).rejects.toThrow(unknown);
  });

  it('is in the ledger about that person, without naming them or the reason', async () => {
    const tenant = await libraries.newTenant();
    const [ann] = await register(tenant, 'ann@example.org');
    const jane = callerOf(tenant, 'support');
    const { id } = await show(jane, 'ann@example.org');
    const entries = await libraries.entries(tenant);
    expect(entries).toMatchObject([
      {
        kind: 'subject.disclosed',
        data: {
          found: true,
          disclosure: id,
          actor: jane.principal.actor,
          until: after(15).toISOString(),
          reasonDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        subject: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      },
    ]);
    const text = JSON.stringify(entries);
    for (const secret of [reason, ann!, 'ann@example.org']) expect(text).not.toContain(secret);
  });

  it('leaves a trace of an attempt that finds nobody, and registers nobody', async () => {
    const tenant = await libraries.newTenant();
    const other = await libraries.newTenant();
    await register(other, 'eve@example.org');
    const token = `token:${randomUUID()}:0123456789abcdef`;
    for (const actor of ['key:1', token])
      await expect(show(callerOf(tenant, 'support', { actor }), 'eve@example.org')).rejects.toThrow(unknown);
    const entries = await libraries.entries(tenant);
    expect(entries.map(({ data }) => data)).toEqual([
      { found: false, actor: 'key:1' },
      { found: false, actor: expect.stringMatching(/^token:/) },
    ]);
    // What a token's `sub` can be guessed by is not for the public.
    expect(JSON.stringify(entries)).not.toMatch(/0123456789abcdef|eve@example|subject":"[A-Za-z0-9+/]{43}/);
    const counted = await withClient(libraries.database.ownerUrl, (client) =>
      client.query(
        'select (select count(*) from subjects where tenant_id = $1) + (select count(*) from disclosures where tenant_id = $1) as rows',
        [tenant],
      ),
    );
    expect(counted.rows).toEqual([{ rows: '0' }]);
  });

  it('is for support only', async () => {
    const tenant = await libraries.newTenant();
    await register(tenant, 'ann@example.org');
    const roles: readonly Role[] = [
      'administrator',
      'privacy_officer',
      'auditor',
      'service',
      'personalisation',
      'ingest',
      'store_agent',
      'person',
    ];
    for (const role of roles) {
      await expect(show(callerOf(tenant, role), 'ann@example.org'), role).rejects.toThrow(denied);
    }
    expect(await libraries.entries(tenant)).toEqual([]);
  });

  it('is listed: each of support its own, officers all of it, auditors all of it but whom', async () => {
    const tenant = await libraries.newTenant();
    const [ann, bob] = await register(tenant, 'ann@example.org', 'bob@example.org');
    const [jane, joe] = [callerOf(tenant, 'support'), callerOf(tenant, 'support')];
    const first = await show(jane, 'ann@example.org');
    const second = await show(joe, 'bob@example.org');
    const list = (caller: Caller) => disclosures.page(caller, everything);
    expect(await list(jane)).toEqual([first]);
    expect(await list(joe)).toEqual([second]);
    for (const role of ['administrator', 'privacy_officer', 'auditor'] as const)
      expect(await list(callerOf(tenant, role)), role).toEqual([first, second]);
    for (const role of ['service', 'personalisation', 'ingest', 'store_agent', 'person'] as const)
      expect(await list(callerOf(tenant, role)), role).toEqual([]);
    const auditor = callerOf(tenant, 'auditor');
    const seen = JSON.stringify((await list(auditor)).map((one) => auditor.pick('Disclosure', one)));
    expect(seen).toContain(first.id);
    expect(seen).not.toContain(ann!);
    expect(seen).not.toContain(bob!);
    const other = callerOf(await libraries.newTenant(), 'privacy_officer');
    expect(await list(other)).toEqual([]);
  });

  it('is listed in pages', async () => {
    const tenant = await libraries.newTenant();
    await register(tenant, 'ann@example.org');
    const jane = callerOf(tenant, 'support');
    const ids = [];
    for (let made = 0; made < 5; made++) ids.push((await show(jane, 'ann@example.org')).id);
    const first = await disclosures.page(jane, { after: undefined, limit: 2 });
    const rest = await disclosures.page(jane, { after: first.at(-1)?.id, limit: 10 });
    expect(first).toHaveLength(2);
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids.sort());
  });

  it('holds at most 100 people at a time, those shown last, and each of them once', async () => {
    const tenant = await libraries.newTenant();
    const names = Array.from({ length: 102 }, (_, index) => `p${index}@example.org`);
    const refs = await register(tenant, ...names);
    const jane = callerOf(tenant, 'support');
    for (const [index, name] of names.entries()) await show(jane, name, after(0, index));
    await show(jane, names[0]!, after(1));
    const held = await current(jane, after(2));
    expect(held).toHaveLength(100);
    expect(new Set(held)).toEqual(new Set([refs[0], ...refs.slice(3)]));
    expect(held[0]).toBe(refs[0]);
  });

  it('can be neither undone nor prolonged by the application, whatever its faults', async () => {
    const tenant = await libraries.newTenant();
    await register(tenant, 'ann@example.org');
    const { id } = await show(callerOf(tenant, 'support'), 'ann@example.org');
    for (const statement of [
      'delete from disclosures where tenant_id = $1 and id = $2',
      "update disclosures set expires_at = now() + interval '1 year' where tenant_id = $1 and id = $2",
    ]) {
      const run = withClient(libraries.database.appUrl, async (client) => {
        await client.query("select set_config('app.tenant', $1, false)", [tenant]);
        await client.query(statement, [tenant, id]);
      });
      await expect(run, statement).rejects.toThrow(/permission denied/);
    }
  });
});
