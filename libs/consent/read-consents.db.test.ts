import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Caller } from '#access';
import type { ConsentAction } from '#decisions';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { PolicyRow } from '#policy';
import { DisclosureRow, ResolveSubjects } from '#subjects';
import { callerOf, openLibraries, withClient, type OpenLibraries } from '#testing';
import { ConsentModule } from './consent.module.js';
import { AppendConsents } from './append-consents.js';
import { ReadConsents } from './read-consents.js';

type Principal = Caller['principal'];

const unknown = expect.objectContaining({ kind: 'not_found', code: 'subject.unknown' }) as Error;
const at = new Date('2026-03-01T12:00:00.000Z');
const later = new Date('2027-03-01T12:00:00.000Z');
const identifier = { type: 'email', value: 'ann@example.org' };

describe("a person's consents", () => {
  let libraries: OpenLibraries;
  let tenant: TenantId;
  let ann: SubjectRef;

  beforeAll(async () => {
    libraries = await openLibraries([ConsentModule], [PolicyRow, DisclosureRow]);
  });
  afterAll(() => libraries.close());
  beforeEach(async () => {
    tenant = await libraries.newTenant();
    ann = await register('ann@example.org');
  });

  const register = async (value: string) => {
    const refs = await libraries
      .get(Transactions)
      .run(tenant, (tx) => libraries.get(ResolveSubjects).execute(tx, tenant, [{ ...identifier, value }]));
    return refs[0]!;
  };
  const say = (
    subjectRef: SubjectRef,
    purpose: string,
    action: ConsentAction,
    expiresAt: Date | null = null,
  ) =>
    libraries.get(Transactions).run(tenant, (tx) =>
      libraries.get(AppendConsents).execute(tx, tenant, { at, policyVersion: null }, [
        {
          subjectRef,
          purpose,
          action,
          occurredAt: at,
          claimedAt: null,
          expiresAt,
          noticeVersion: 'v1',
          channel: 'ui',
          actorKind: 'person',
          actor: 'key:test',
          proof: null,
          guardianRef: null,
          language: null,
          jurisdiction: null,
          context: null,
        },
      ]),
    );
  const caller = (role: Principal['roles'][number], more: Partial<Principal> = {}): Caller =>
    callerOf(tenant, role, more);
  const personOf = (subjectRef: SubjectRef | null) =>
    caller('person', { person: { identifier: 'email:ann@example.org', subjectRef } });
  const read = (by: Caller, named: string) => libraries.get(ReadConsents).execute(by, named);

  it('are what they said last, of each purpose', async () => {
    await say(ann, 'recommendations', 'grant', later);
    await say(ann, 'ads', 'grant', later);
    await say(ann, 'ads', 'withdraw');
    await say(await register('bob@example.org'), 'training', 'grant');
    const expected = [
      { purpose: 'ads', action: 'withdraw', since: at, expiresAt: null, noticeVersion: 'v1' },
      { purpose: 'recommendations', action: 'grant', since: at, expiresAt: later, noticeVersion: 'v1' },
    ];
    expect(await read(personOf(ann), 'self')).toEqual(expected);
    expect(await read(caller('privacy_officer'), ann)).toEqual(expected);
    expect(await read(caller('support', { disclosed: [ann] }), ann)).toEqual(expected);
  });

  it('are none for a person who said nothing, which is not the same as unknown', async () => {
    expect(await read(personOf(ann), ann)).toEqual([]);
    const narrowed = caller('administrator', { scope: { purposes: ['ads'] } });
    expect(await read(narrowed, ann)).toEqual([]);
    await expect(read(narrowed, randomUUID())).rejects.toThrow(unknown);
  });

  it('are those of its purposes only for a key that is narrowed to some', async () => {
    await say(ann, 'recommendations', 'grant');
    await say(ann, 'ads', 'refuse');
    await say(ann, 'training', 'refuse');
    const purposes = async (scope: Principal['scope']) =>
      (await read(caller('administrator', { scope }), ann)).map(({ purpose }) => purpose);
    expect(await purposes({ purposes: ['ads', 'training'] })).toEqual(['ads', 'training']);
    expect(await purposes({ purposes: ['other'] })).toEqual([]);
  });

  it('are unknown alike when nobody knows the person and when the caller may not see them', async () => {
    await say(ann, 'ads', 'grant');
    const bob = await register('bob@example.org');
    const attempts: readonly (readonly [string, Caller, string])[] = [
      ['an unknown pseudonym', caller('administrator'), randomUUID()],
      ['no pseudonym', caller('administrator'), 'a\0b'],
      ['self of nobody in particular', caller('administrator'), 'self'],
      ['self of a person whom Lethe never met', personOf(null), 'self'],
      ['somebody else', personOf(bob), ann],
      ['support, to which nobody was disclosed', caller('support'), ann],
      ['support, to which somebody else was', caller('support', { disclosed: [bob] }), ann],
      ['an auditor', caller('auditor'), ann],
      ['a service', caller('service'), ann],
      ['a key that is narrowed to a store', caller('administrator', { scope: { stores: ['rows'] } }), ann],
      ['another tenant', caller('administrator', { tenant: await libraries.newTenant() }), ann],
    ];
    for (const [what, by, named] of attempts) await expect(read(by, named), what).rejects.toThrow(unknown);
  });

  it('are gone with the erasure, though the person is not unknown', async () => {
    await say(ann, 'ads', 'grant');
    // The worker's role does it.
    await withClient(libraries.database.ownerUrl, (client) =>
      client.query('delete from consent_states where tenant_id = $1', [tenant]),
    );
    expect(await read(personOf(ann), 'self')).toEqual([]);
  });
});
