import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '#access';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy, PolicyRow } from '#policy';
import { DisclosureRow, ResolveSubjects, SuppressSubjects } from '#subjects';
import { callerOf, openLibraries, type OpenLibraries } from '#testing';
import { AnswerQuestions } from './answer-questions.js';
import { ConsentModule } from './consent.module.js';
import { ConsentRepository } from './consent.repository.js';
import type { ConsentInput, SaidAction } from './domain/consent.js';
import { ReadHistory } from './read-history.js';
import { RecordConsent } from './record-consent.js';
import { MergePeople, ProtectChildren } from './relate-people.js';

const policy = `
jurisdictions:
  eu: { title: European Union, ageOfConsent: 16 }
  es: { title: Spain, within: eu, ageOfConsent: 14 }
  jp: { title: Japan }
purposes:
  ads: { title: Ads, legalBasis: consent }
  training: { title: Training, legalBasis: consent }
  ranking: { title: Ranking, legalBasis: consent }
`;

describe('people', () => {
  let libraries: OpenLibraries;
  let tenant: TenantId;
  let admin: Caller;

  beforeAll(async () => {
    libraries = await openLibraries([ConsentModule], [PolicyRow, DisclosureRow]);
  });
  afterAll(() => libraries.close());
  beforeEach(async () => {
    tenant = await libraries.newTenant();
    admin = callerOf(tenant, 'administrator');
    const given = { policy: parsePolicy(policy), files: [], effectiveAt: null, planDigest: null };
    await inTx((tx) => libraries.get(ApplyPolicy).execute(tx, admin, given));
  });

  const inTx = <T>(work: Parameters<Transactions['run']>[1]) =>
    libraries.get(Transactions).run(tenant, work) as Promise<T>;
  const email = (value: string) => ({ type: 'email', value: `${value}@example.org` });
  const say = (who: string, purpose: string, action: SaidAction, more: Partial<ConsentInput> = {}) =>
    libraries
      .get(RecordConsent)
      .execute(admin, { subject: email(who), purpose, action, channel: 'ui', ...more });
  const refOf = (who: string) =>
    inTx<SubjectRef>((tx) => libraries.get(ResolveSubjects).find(tx, tenant, email(who)));
  const ask = async (who: string, purpose: string, revision?: string) => {
    const [answer] = await libraries
      .get(AnswerQuestions)
      .execute(admin, [{ subject: email(who), purpose }], { optOutSignal: false, revision });
    return answer!.decision.reason;
  };
  const states = async (ref: SubjectRef) => {
    const found = await inTx<Map<SubjectRef, Map<string, { action: string }>>>((tx) =>
      libraries.get(ConsentRepository).states(tx, tenant, [ref]),
    );
    return Object.fromEntries([...(found.get(ref) ?? [])].map(([purpose, { action }]) => [purpose, action]));
  };
  const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

  describe('who are one person after all', () => {
    const merge = async (from: string, into: string) =>
      libraries.get(MergePeople).merge(admin, await refOf(from), await refOf(into));

    it('keep the stricter of what each had said, whichever way they are merged', async () => {
      for (const [device, account] of [
        ['device-1', 'account-1'],
        ['account-2', 'device-2'],
      ] as const) {
        await say(device, 'ads', 'withdraw');
        await say(account, 'ads', 'grant');
        await say(device, 'training', 'grant', { validity: 'P1D' });
        await say(account, 'training', 'grant');
        await say(device, 'ranking', 'grant');
        const [old, own] = [await refOf(device), await refOf(account)];
        expect(await ask(device, 'ads')).toBe('consent.withdrawn');
        expect(await ask(account, 'ads')).toBe('consent.given');
        await merge(device, account);
        for (const who of [device, account]) {
          expect(await refOf(who)).toBe(own);
          expect(await ask(who, 'ads')).toBe('consent.withdrawn');
          expect(await ask(who, 'ranking')).toBe('consent.given');
        }
        const history = await libraries.get(ReadHistory).execute(admin, own, { limit: 100 });
        expect(
          history
            .filter(({ channel }) => channel === 'merge')
            .map(({ purpose }) => purpose)
            .sort(),
        ).toEqual(['ads', 'ranking', 'training']);
        expect(await states(old)).toEqual({});
        // What was said before they were one is still there to be read.
        expect(history).toHaveLength(8);
        await expect(libraries.get(MergePeople).merge(admin, old, own)).rejects.toThrow(
          code('subject.merged'),
        );
      }
    });

    it('are left alone when one is unknown, erased or the same', async () => {
      await say('ann', 'ads', 'grant');
      await say('bob', 'ads', 'grant');
      await expect(merge('ann', 'ann')).rejects.toThrow(code('subject.itself'));
      await expect(libraries.get(MergePeople).merge(admin, await refOf('ann'), randomUUID())).rejects.toThrow(
        code('subject.unknown'),
      );
      const other = callerOf(await libraries.newTenant(), 'administrator');
      await expect(
        libraries.get(MergePeople).merge(other, await refOf('ann'), await refOf('bob')),
      ).rejects.toThrow(code('subject.unknown'));
      await inTx(async (tx) =>
        libraries.get(SuppressSubjects).execute(tx, tenant, [await refOf('bob')], new Date()),
      );
      await expect(merge('bob', 'ann')).rejects.toThrow(code('subject.suppressed'));
      await expect(merge('ann', 'bob')).rejects.toThrow(code('subject.suppressed'));
      expect(await states(await refOf('ann'))).toEqual({ ads: 'grant' });
    });

    it('are two people again, of whom the same holds, and who then go their own ways', async () => {
      await say('device', 'ads', 'refuse');
      await say('account', 'training', 'grant');
      await merge('device', 'account');
      const own = await refOf('account');
      const split = libraries.get(MergePeople);
      await expect(split.split(admin, own, [email('device'), email('stranger')])).rejects.toThrow(
        code('identifier.not_theirs'),
      );
      await expect(split.split(admin, own, [email('device'), email('account')])).rejects.toThrow(
        code('subject.nothing_left'),
      );
      const ref = await split.split(admin, own, [email('device'), email('device')]);
      expect(await refOf('device')).toBe(ref);
      expect(ref).not.toBe(own);
      expect(await states(ref)).toEqual({ ads: 'refuse', training: 'grant' });
      await say('device', 'training', 'withdraw');
      expect(await ask('device', 'training')).toBe('consent.withdrawn');
      expect(await ask('account', 'training')).toBe('consent.given');
    });
  });

  describe('who are children', () => {
    const tell = async (who: string, bornOn: string, jurisdiction: string) =>
      libraries.get(ProtectChildren).tellAge(admin, await refOf(who), { bornOn, jurisdiction });
    const yearsAgo = (years: number) => `${new Date().getUTCFullYear() - years}-01-01`;

    it('may consent alone from the age of the narrowest place that names one', async () => {
      await say('kid', 'ads', 'refuse');
      expect(await tell('kid', '2012-02-29', 'eu')).toEqual({ ofAgeOn: '2028-02-29' });
      expect(await tell('kid', '2012-02-29', 'es')).toEqual({ ofAgeOn: '2026-02-28' });
      expect(await tell('kid', '2012-02-29', 'jp')).toEqual({ ofAgeOn: null });
      await expect(tell('kid', '2012-02-29', 'mars')).rejects.toThrow(code('jurisdiction.unknown'));
    });

    it('lose what they had allowed alone, and allow nothing alone, but may always say no', async () => {
      await say('kid', 'ads', 'grant');
      await say('kid', 'training', 'refuse');
      await tell('kid', yearsAgo(10), 'eu');
      expect(await states(await refOf('kid'))).toEqual({ ads: 'invalidate', training: 'refuse' });
      expect(await ask('kid', 'ads')).toBe('consent.invalidated');
      await expect(say('kid', 'ads', 'grant')).rejects.toThrow(code('guardian.needed'));
      await say('kid', 'ads', 'withdraw');
    });

    it('are spoken for by their guardian alone, while that is one', async () => {
      await say('kid', 'ads', 'refuse');
      await tell('kid', yearsAgo(10), 'eu');
      const guardians = libraries.get(ProtectChildren);
      const ref = await refOf('kid');
      const byGuardian = { actor: { kind: 'guardian' as const, guardian: email('gil') } };
      await expect(say('kid', 'ads', 'grant', byGuardian)).rejects.toThrow(code('guardian.unknown'));
      await expect(guardians.addGuardian(admin, ref, email('kid'), 'a form')).rejects.toThrow(
        code('guardian.oneself'),
      );
      const gil = await guardians.addGuardian(admin, ref, email('gil'), 'a form');
      await say('kid', 'ads', 'grant', byGuardian);
      expect(await ask('kid', 'ads')).toBe('consent.given');
      // Told again, what a guardian allowed stays.
      await tell('kid', yearsAgo(11), 'eu');
      expect(await ask('kid', 'ads')).toBe('consent.given');
      await guardians.endGuardian(admin, ref, gil);
      await expect(guardians.endGuardian(admin, ref, gil)).rejects.toThrow(code('guardian.unknown'));
      await expect(say('kid', 'training', 'grant', byGuardian)).rejects.toThrow(code('guardian.unknown'));
      expect(JSON.stringify(await libraries.entries(tenant))).not.toContain('a form');
    });

    it('are none once they are of age', async () => {
      await say('grown', 'ads', 'grant');
      await tell('grown', yearsAgo(17), 'eu');
      expect(await ask('grown', 'ads')).toBe('consent.given');
      await say('grown', 'training', 'grant');
    });
  });
});
