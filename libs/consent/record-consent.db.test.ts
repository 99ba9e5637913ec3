import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '#access';
import { holdsNow } from '#decisions';
import { subjectRef, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy, PolicyRow } from '#policy';
import { DisclosureRow, ResolveSubjects } from '#subjects';
import { callerOf, openLibraries, withClient, type OpenLibraries } from '#testing';
import { ConsentModule } from './consent.module.js';
import { ConsentRepository } from './consent.repository.js';
import type { ConsentInput, SaidAction } from './domain/consent.js';
import { stateAt } from './domain/state-at.js';
import { ExpireConsents } from './expire-consents.js';
import { ReadHistory } from './read-history.js';
import { RecordConsent } from './record-consent.js';
import { WithdrawEverything } from './withdraw-everything.js';

const policy = `
jurisdictions:
  us: { title: United States }
  eu: { title: European Union }
purposes:
  ads: { title: Ads, legalBasis: consent, bases: { us: legitimate_interest }, notice: { version: v2, text: New., translations: { de: Neu. } }, validity: P1Y }
  training: { title: Training, legalBasis: consent }
  research: { title: Research, legalBasis: legitimate_interest }
  service: { title: Service, legalBasis: contract }
`;
const minute = 60_000;

describe('recording consents', () => {
  let libraries: OpenLibraries;
  let tenant: TenantId;
  let admin: Caller;
  let person: { readonly type: string; readonly value: string };

  beforeAll(async () => {
    libraries = await openLibraries([ConsentModule], [PolicyRow, DisclosureRow]);
  });
  afterAll(() => libraries.close());
  beforeEach(async () => {
    tenant = await libraries.newTenant();
    admin = callerOf(tenant, 'administrator');
    person = { type: 'email', value: `${randomUUID()}@example.org` };
    await apply(policy.replace('v2', 'v1'));
    await apply(policy);
  });

  const apply = (text: string) =>
    libraries.get(Transactions).run(tenant, (tx) =>
      libraries.get(ApplyPolicy).execute(tx, admin, {
        policy: parsePolicy(text),
        files: [],
        effectiveAt: null,
        planDigest: null,
      }),
    );
  const record = (input: Partial<ConsentInput> & { readonly action: SaidAction }, key?: string, by = admin) =>
    libraries
      .get(RecordConsent)
      .execute(by, { subject: person, purpose: 'ads', channel: 'ui', ...input }, key);
  const refOf = async () => {
    const ref = await libraries
      .get(Transactions)
      .run(tenant, (tx) => libraries.get(ResolveSubjects).find(tx, tenant, person));
    return ref!;
  };
  const stateOf = async (purpose = 'ads') => {
    const ref = await refOf();
    const states = await libraries
      .get(Transactions)
      .run(tenant, (tx) => libraries.get(ConsentRepository).states(tx, tenant, [ref]));
    return states.get(ref)?.get(purpose);
  };
  const history = async () => libraries.get(ReadHistory).execute(admin, await refOf(), { limit: 1_000 });
  const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
  const ago = (milliseconds: number) => new Date(Date.now() - milliseconds);

  describe('sent again under its key', () => {
    it('is answered alike and done once, also at the same time', async () => {
      const input = { action: 'grant' as const, occurredAt: ago(minute) };
      const first = await record(input, 'k1');
      expect(await record(input, 'k1')).toEqual(first);
      const [a, b, c] = await Promise.all([
        record({ action: 'refuse' }, 'k2'),
        record({ action: 'refuse' }, 'k2'),
        record({ action: 'refuse' }, 'k2'),
      ]);
      expect(b).toEqual(a);
      expect(c).toEqual(a);
      expect((await history()).map(({ action }) => action)).toEqual(['refuse', 'grant']);
    });

    it('is refused when it asks for something else, and nothing is written', async () => {
      await record({ action: 'grant' }, 'k');
      await expect(record({ action: 'withdraw' }, 'k')).rejects.toThrow(code('idempotency.reused'));
      const both = await Promise.allSettled([
        record({ action: 'refuse' }, 'x'),
        record({ action: 'object' }, 'x'),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await history()).toHaveLength(2);
    });

    it('is somebody else’s when another caller sends it', async () => {
      const other = callerOf(tenant, 'administrator', { actor: 'key:other' });
      const first = await record({ action: 'grant' }, 'k');
      expect((await record({ action: 'grant' }, 'k', other)).revision).not.toBe(first.revision);
    });

    it('is forgotten after a week, by the next that is written under a key', async () => {
      await record({ action: 'grant' }, 'old');
      await record({ action: 'grant' }, 'young');
      const keys = (text: string) =>
        withClient(libraries.database.ownerUrl, (client) => client.query(text, [tenant]));
      await keys(
        `update idempotency_keys set created_at = now() - interval '8 days'
          where tenant_id = $1 and answer ->> 'revision' = '1.3'`,
      );
      const young = await record({ action: 'grant' }, 'young');
      await record({ action: 'grant' }, 'new');
      const left = await keys('select 1 from idempotency_keys where tenant_id = $1');
      expect(left.rows).toHaveLength(2);
      expect(await record({ action: 'grant' }, 'young')).toEqual(young);
      expect((await record({ action: 'refuse' }, 'old')).revision).toBe('1.6');
    });

    it('stays usable when it was refused', async () => {
      await expect(record({ action: 'grant', purpose: 'resale' }, 'k')).rejects.toThrow(
        code('purpose.unknown'),
      );
      await expect(record({ action: 'grant' }, 'k')).resolves.toBeDefined();
    });
  });

  describe('from devices whose clocks and networks differ', () => {
    it('does not let an older yes that comes late undo a no', async () => {
      await record({ action: 'withdraw', occurredAt: ago(minute) });
      await record({ action: 'grant', occurredAt: ago(2 * minute) });
      expect(await stateOf()).toMatchObject({ action: 'withdraw' });
      await record({ action: 'grant', occurredAt: ago(minute / 2) });
      expect(await stateOf()).toMatchObject({ action: 'grant' });
      expect(await history()).toHaveLength(3);
    });

    it('lets a no hold from its arrival on, however old it is', async () => {
      await record({ action: 'grant' });
      await record({ action: 'withdraw', occurredAt: ago(60 * minute) });
      expect(await stateOf()).toMatchObject({ action: 'withdraw' });
    });

    it('bounds a time that lies far off, and keeps what was claimed', async () => {
      const future = new Date('2090-01-01T00:00:00Z');
      const past = new Date('2001-01-01T00:00:00Z');
      await record({ action: 'grant', occurredAt: future });
      await record({ action: 'refuse', occurredAt: past });
      const [old, young] = await history();
      expect(young!.claimedAt).toEqual(future);
      expect(young!.occurredAt.getTime()).toBe(young!.at.getTime());
      expect(old!.claimedAt).toEqual(past);
      expect(Math.round((old!.at.getTime() - old!.occurredAt.getTime()) / 86_400_000)).toBe(30);
      expect((await stateOf())!.expiresAt).toBeNull();
    });

    it('ends in one state and loses no event when first writes about one person come at once', async () => {
      const actions: readonly SaidAction[] = ['grant', 'refuse', 'grant', 'withdraw', 'grant', 'object'];
      await Promise.all(Array.from({ length: 60 }, (_, index) => record({ action: actions[index % 6]! })));
      const events = await history();
      expect(events).toHaveLength(60);
      expect(await stateOf()).toMatchObject({ action: events[0]!.action, number: events[0]!.number });
      const known = await withClient(libraries.database.ownerUrl, (client) =>
        client.query('select count(*)::int as n from subject_identifiers where tenant_id = $1', [tenant]),
      );
      expect(known.rows).toEqual([{ n: 1 }]);
    });

    it('derives the state that folding the events one by one gives', async () => {
      const step = fc.record({
        action: fc.constantFrom<SaidAction>('grant', 'refuse', 'withdraw', 'object', 'renew', 'invalidate'),
        minutes: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 8 }),
          fc.boolean(),
          async (steps, together) => {
            person = { type: 'email', value: `${randomUUID()}@example.org` };
            const now = Date.now();
            const inputs = steps.map(({ action, minutes }) => ({
              action,
              ...(minutes === undefined ? {} : { occurredAt: new Date(now - minutes * minute) }),
            }));
            if (together) await Promise.all(inputs.map((input) => record(input)));
            else for (const input of inputs) await record(input);
            const own = subjectRef(randomUUID());
            const events = (await history()).map((event) => ({ ...event, subjectRef: own }));
            const action = stateAt(events, new Date(Date.now() + minute)).get('ads')?.action;
            expect((await stateOf())?.action).toBe(action);
          },
        ),
        { numRuns: 40 },
      );
    });
  });

  describe('held to the rules', () => {
    it.each<[string, Partial<ConsentInput>, string]>([
      ['a purpose that the policy does not have', { purpose: 'resale' }, 'purpose.unknown'],
      ['a purpose named like a prototype', { purpose: '__proto__' }, 'purpose.unknown'],
      ['a purpose that needs no consent', { purpose: 'service' }, 'consent.not_needed'],
      ['a purpose that needs none where the person is', { jurisdiction: 'us' }, 'consent.not_needed'],
      ['a jurisdiction that the policy does not have', { jurisdiction: 'mars' }, 'jurisdiction.unknown'],
      ['a notice that never was', { noticeVersion: 'v9' }, 'notice.unknown'],
      ['a language that the notice is not in', { language: 'fr' }, 'notice.unknown_language'],
      ['an agent without a proof', { actor: { kind: 'agent' } }, 'actor.unproven'],
      [
        'a guardian nobody registered',
        { actor: { kind: 'guardian', guardian: { type: 'email', value: 'g@example.org' } } },
        'guardian.unknown',
      ],
    ])('refuses %s, and writes nothing', async (_, input, expected) => {
      await expect(record({ action: 'grant', ...input })).rejects.toThrow(code(expected));
      expect((await libraries.entries(tenant)).some(({ kind }) => kind === 'consent.recorded')).toBe(false);
      expect(await refOf()).toBeUndefined();
    });

    it('fails no neighbour of a bad one', async () => {
      const outcomes = await libraries.get(RecordConsent).many(
        admin,
        ['ads', 'resale', 'training'].map((purpose) => ({
          input: { subject: person, purpose, channel: 'import', action: 'grant' as const },
          idempotencyKey: undefined,
        })),
      );
      expect(outcomes.map((outcome) => 'revision' in outcome)).toEqual([true, false, true]);
    });

    it('knows notices of earlier policies, as a device may have been offline', async () => {
      await record({ action: 'grant', noticeVersion: 'v1', language: 'fr' });
      expect(await stateOf()).toMatchObject({ noticeVersion: 'v1' });
    });

    it('never lets a grant hold for longer than the policy says, and ends it at a whole second', async () => {
      const { expiresAt, at } = await record({ action: 'grant', validity: 'P5Y' });
      expect(expiresAt!.getMilliseconds()).toBe(0);
      expect(expiresAt!.getTime() - at.getTime()).toBeLessThan(367 * 86_400_000);
      const short = await record({ action: 'renew', validity: 'PT1H' });
      expect(short.expiresAt!.getTime() - short.at.getTime()).toBeLessThanOrEqual(3_600_000);
    });

    it('keeps who acted and how', async () => {
      await record({
        action: 'grant',
        actor: { kind: 'agent', proof: 'mandate 7 of 2026' },
        language: 'de',
        context: { screen: 'settings' },
      });
      const service = callerOf(tenant, 'service');
      await record({ action: 'refuse', actor: { kind: 'agent', proof: 'mandate 8' } }, undefined, service);
      await record({ action: 'refuse' }, undefined, service);
      const [refused, byAgent, granted] = await history();
      expect(byAgent).toMatchObject({ actorKind: 'agent', proof: 'mandate 8' });
      expect(refused).toMatchObject({ actorKind: 'person', channel: 'ui', policyVersion: 2 });
      expect(granted).toMatchObject({
        actorKind: 'agent',
        proof: 'mandate 7 of 2026',
        language: 'de',
        context: { screen: 'settings' },
      });
      const log = JSON.stringify(await libraries.entries(tenant));
      expect(log).not.toContain('mandate');
      expect(log).not.toContain('settings');
    });

    it('does not let a person say that somebody else acted', async () => {
      const own = callerOf(tenant, 'person', {
        person: { identifier: `email:${person.value}`, subjectRef: null },
      });
      await expect(record({ action: 'grant', actor: { kind: 'staff' } }, undefined, own)).rejects.toThrow(
        code('actor.not_oneself'),
      );
      await expect(record({ action: 'grant' }, undefined, own)).resolves.toBeDefined();
    });

    it('refuses everybody once the log is closed, and leaves nothing behind', async () => {
      await withClient(libraries.database.ownerUrl, (client) =>
        client.query('update ledger_counters set closed = true where tenant_id = $1', [tenant]),
      );
      await expect(record({ action: 'grant' }, 'k')).rejects.toThrow(code('ledger.closed'));
      expect(await refOf()).toBeUndefined();
    });
  });

  it('is taken back all at once, and once', async () => {
    await record({ action: 'grant' });
    await record({ action: 'grant', purpose: 'training' });
    const withdraw = () =>
      libraries.get(WithdrawEverything).execute(admin, { subject: person, channel: 'ui' });
    const first = await withdraw();
    expect(first).toMatchObject({
      withdrawn: ['ads', 'training'],
      objected: ['research'],
      unaffected: [{ purpose: 'service', legalBasis: 'contract' }],
    });
    expect(first.revision).toBe('1.7');
    expect(await withdraw()).toMatchObject({ revision: null, withdrawn: [], objected: [] });
    for (const purpose of ['ads', 'training'])
      expect(await stateOf(purpose)).toMatchObject({ action: 'withdraw' });
    expect(await history()).toHaveLength(5);
  });

  it('lapses on the record when its time is over, unless it was renewed', async () => {
    await record({ action: 'grant' });
    await record({ action: 'grant', purpose: 'training' });
    await withClient(libraries.database.ownerUrl, (client) =>
      client.query("update consent_states set expires_at = now() - interval '1 day' where tenant_id = $1", [
        tenant,
      ]),
    );
    expect(holdsNow((await stateOf())!, new Date())).toBe(false);
    await record({ action: 'renew', purpose: 'training' });
    expect(await libraries.get(ExpireConsents).execute(tenant)).toBe(1);
    expect(await libraries.get(ExpireConsents).execute(tenant)).toBe(0);
    expect(await stateOf()).toMatchObject({ action: 'expire' });
    expect(await stateOf('training')).toMatchObject({ action: 'renew' });
    expect((await history())[0]).toMatchObject({ action: 'expire', actorKind: 'system' });
    await record({ action: 'grant' });
    expect(await stateOf()).toMatchObject({ action: 'grant' });
  });
});
