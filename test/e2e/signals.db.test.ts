import { GppModel, UsNat, UsNatField } from '@iabgpp/cmpapi';
import { Segment, SegmentEncoder, TCModel } from '@iabtcf/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

describe('consent strings that come with a question', () => {
  let system: TestSystem;
  let admin: Client;
  beforeAll(async () => {
    system = await startTestSystem();
    admin = await createTenant(system, 'signals');
    await admin.applyPolicy(`
purposes:
  ads:
    title: Ads
    legalBasis: legitimate_interest
    signals: { tcf: { purposes: [3, 4] }, gpp: { optOuts: [sale, targeted_advertising] } }
  service: { title: Service, legalBasis: contract }
retention: { everything: { keep: indefinitely, reason: A test. } }
erasure: { everything: { then: purge } }
`);
    await admin.post('/v1/subjects', { subject }).expect(201);
  });
  afterAll(() => system.stop());

  const subject = { type: 'email', value: 'ann@example.org' };
  const ask = async (purpose: string, signals?: object) =>
    (await admin.post('/v1/decisions', { subject, purpose, signals }).expect(200)).body.reason as string;
  const tcf = (...allowed: number[]) => {
    const model = new TCModel();
    model.cmpId = 31;
    model.isServiceSpecific = true;
    model.policyVersion = 4;
    for (const purpose of allowed) model.purposeConsents.set(purpose);
    return SegmentEncoder.encode(model, Segment.CORE);
  };
  const gpp = (sale: number) => {
    const model = new GppModel();
    model.setFieldValue(UsNat.NAME, UsNatField.SALE_OPT_OUT_NOTICE, 1);
    model.setFieldValue(UsNat.NAME, UsNatField.SALE_OPT_OUT, sale);
    return model.encode();
  };

  it('deny what they do not cover, by the policy, and nothing else', async () => {
    expect(await ask('ads')).toBe('basis.declared');
    expect(await ask('ads', { tcf: tcf(3) })).toBe('signal.not_consented');
    expect(await ask('ads', { tcf: tcf(3, 4) })).toBe('basis.declared');
    expect(await ask('ads', { gpp: gpp(1) })).toBe('signal.not_consented');
    expect(await ask('ads', { gpp: gpp(2) })).toBe('basis.declared');
    expect(await ask('service', { gpp: gpp(1), tcf: tcf() })).toBe('basis.declared');
  });

  it('hold for many questions at once as for one', async () => {
    const signals = { gpp: gpp(1) };
    const questions = ['ads', 'service'].map((purpose) => ({ subject, purpose }));
    const { body } = await admin.post('/v1/decisions/batch', { questions, signals }).expect(200);
    expect(body.decisions).toMatchObject([{ effect: 'deny' }, { effect: 'allow' }]);
    const people = { type: 'email', values: [subject.value] };
    const filtered = await admin
      .post('/v1/decisions/filter', { purpose: 'ads', subjects: people, signals })
      .expect(200);
    expect(filtered.body.allowed).toEqual([false]);
  });

  it('are refused with their place when they are none', async () => {
    for (const [signals, pointer] of [
      [{ tcf: 'nonsense' }, '/signals/tcf'],
      [{ gpp: '~~~' }, '/signals/gpp'],
    ] as const) {
      const { body } = await admin.post('/v1/decisions', { subject, purpose: 'ads', signals }).expect(400);
      expect(body).toMatchObject({ code: 'signal.invalid' });
      expect(JSON.stringify(body)).toContain(pointer);
    }
    await admin.post('/v1/decisions', { subject, purpose: 'ads', signals: { tcf: 7 } }).expect(400);
    await admin
      .post('/v1/decisions', { subject, purpose: 'ads', signals: { tcf: 'C'.repeat(9_000) } })
      .expect(400);
  });
});
