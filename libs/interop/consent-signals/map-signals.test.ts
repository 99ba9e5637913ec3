import { GppModel } from '@iabgpp/cmpapi';
import { RestrictionType } from '@iabtcf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { purposeSignalsSchema, type PurposeSignalRules } from '#policy';
import { encodeTcf, type TcString } from '../testing/encode-tcf.js';
import { readGpp } from './gpp.js';
import { signalsDeny, type ConsentSignals } from './map-signals.js';
import { readTcf } from './tcf.js';

const rules = (written: unknown): PurposeSignalRules => purposeSignalsSchema.parse(written);
const tcf = (content: TcString): ConsentSignals => ({ tcf: readTcf(encodeTcf(content)) });
function gpp(
  fields: readonly (readonly [section: string, field: string, value: unknown])[],
  applicable?: readonly number[],
): ConsentSignals {
  const model = new GppModel();
  for (const field of fields) model.setFieldValue(...field);
  return { gpp: readGpp(model.encode(), applicable) };
}

describe('a TC string', () => {
  it('denies unless it consents to every purpose that the rule names', () => {
    const rule = rules({ tcf: { purposes: [1, 4] } });
    expect(signalsDeny(rule, tcf({ purposes: [1, 4] }))).toBe(false);
    expect(signalsDeny(rule, tcf({ purposes: [1, 2, 4] }))).toBe(false);
    expect(signalsDeny(rule, tcf({ purposes: [1] }))).toBe(true);
    expect(signalsDeny(rule, tcf({ interests: [1, 4] }))).toBe(true);
    expect(signalsDeny(rule, tcf({}))).toBe(true);
  });

  it('is asked for legitimate interest, or for either, where the rule says so', () => {
    const interest = rules({ tcf: { purposes: [2, 7], basis: 'legitimate_interest' } });
    expect(signalsDeny(interest, tcf({ interests: [2, 7] }))).toBe(false);
    expect(signalsDeny(interest, tcf({ interests: [2], purposes: [7] }))).toBe(true);
    const either = rules({ tcf: { purposes: [2, 7], basis: 'either' } });
    expect(signalsDeny(either, tcf({ interests: [2], purposes: [7] }))).toBe(false);
    expect(signalsDeny(either, tcf({ interests: [2] }))).toBe(true);
  });

  it('denies without an opt-in to every special feature of the rule', () => {
    const rule = rules({ tcf: { purposes: [1], specialFeatures: [1, 2] } });
    expect(signalsDeny(rule, tcf({ purposes: [1], features: [1, 2] }))).toBe(false);
    expect(signalsDeny(rule, tcf({ purposes: [1], features: [1] }))).toBe(true);
  });

  describe('with a vendor in the rule', () => {
    const rule = rules({ tcf: { purposes: [2], vendor: 755 } });
    const silent: TcString = { purposes: [2], vendors: [755] };
    const yes: TcString = { ...silent, disclosed: [755] };

    it('denies unless the vendor is consented to as well, on the same basis', () => {
      expect(signalsDeny(rule, tcf(yes))).toBe(false);
      expect(signalsDeny(rule, tcf({ ...yes, vendors: [754] }))).toBe(true);
      expect(signalsDeny(rule, tcf({ ...yes, vendors: [], vendorInterests: [755] }))).toBe(true);
      const either = rules({ tcf: { purposes: [2], vendor: 755, basis: 'either' } });
      expect(signalsDeny(either, tcf({ ...yes, vendors: [], vendorInterests: [755] }))).toBe(true);
      expect(signalsDeny(either, tcf({ disclosed: [755], interests: [2], vendorInterests: [755] }))).toBe(
        false,
      );
    });

    it('denies a vendor that was not disclosed, and one of whom a string of TCF 2.3 does not say so', () => {
      expect(signalsDeny(rule, tcf({ ...yes, disclosed: [754] }))).toBe(true);
      expect(signalsDeny(rule, tcf({ ...silent, updated: '2026-03-01T00:00:00Z' }))).toBe(true);
      expect(signalsDeny(rule, tcf({ ...silent, updated: '2026-02-28T00:00:00Z' }))).toBe(false);
    });

    it('heeds what the publisher restricts', () => {
      const restricted = (type: RestrictionType, content: TcString) =>
        tcf({ ...content, restrictions: [[755, 2, type]] });
      const both: TcString = { ...yes, interests: [2], vendorInterests: [755] };
      const either = rules({ tcf: { purposes: [2], vendor: 755, basis: 'either' } });
      expect(signalsDeny(either, restricted(RestrictionType.NOT_ALLOWED, both))).toBe(true);
      expect(signalsDeny(either, restricted(RestrictionType.REQUIRE_CONSENT, both))).toBe(false);
      expect(signalsDeny(either, restricted(RestrictionType.REQUIRE_LI, both))).toBe(false);
      expect(signalsDeny(rule, restricted(RestrictionType.REQUIRE_LI, both))).toBe(true);
      const interest = rules({ tcf: { purposes: [2], vendor: 755, basis: 'legitimate_interest' } });
      expect(signalsDeny(interest, restricted(RestrictionType.REQUIRE_CONSENT, both))).toBe(true);
      expect(signalsDeny(rule, tcf({ ...yes, restrictions: [[754, 2, RestrictionType.NOT_ALLOWED]] }))).toBe(
        false,
      );
    });
  });

  it('counts wherever it stands: every one of several has to agree', () => {
    const rule = rules({ tcf: { purposes: [4] } });
    const yes = encodeTcf({ purposes: [4] });
    const no = encodeTcf({ purposes: [1] });
    expect(signalsDeny(rule, { gpp: readGpp(`DBABMA~${yes}`) })).toBe(false);
    expect(signalsDeny(rule, { gpp: readGpp(`DBABMA~${no}`) })).toBe(true);
    expect(signalsDeny(rule, { tcf: readTcf(yes), gpp: readGpp(`DBABMA~${no}`) })).toBe(true);
    expect(signalsDeny(rule, { tcf: readTcf(no), gpp: readGpp(`DBABMA~${yes}`) })).toBe(true);
  });

  it('denies where it is in force and missing from the GPP string', () => {
    const rule = rules({ tcf: { purposes: [4] } });
    expect(signalsDeny(rule, gpp([['usca', 'SaleOptOut', 2]], [2, 8]))).toBe(true);
    expect(signalsDeny(rule, gpp([['usca', 'SaleOptOut', 2]], [8]))).toBe(false);
    expect(signalsDeny(rule, { gpp: readGpp(`DBABMA~${encodeTcf({})}`, [7]) })).toBe(false);
  });

  it('of Canada is not asked about purpose 1, which that framework does not have', () => {
    const express = (...numbers: number[]) =>
      gpp([
        [
          'tcfcav1',
          'PurposesExpressConsent',
          Array.from({ length: 24 }, (_, bit) => numbers.includes(bit + 1)),
        ],
      ]);
    expect(signalsDeny(rules({ tcf: { purposes: [1, 4] } }), express(4))).toBe(false);
    expect(signalsDeny(rules({ tcf: { purposes: [1, 4] } }), express(3))).toBe(true);
    expect(signalsDeny(rules({ tcf: { purposes: [4], basis: 'legitimate_interest' } }), express(4))).toBe(
      true,
    );
  });
});

describe('a GPP string', () => {
  const rule = rules({ gpp: { optOuts: ['sale', 'sharing'] } });

  it('denies by an opt-out that the rule names, in any section', () => {
    expect(signalsDeny(rule, gpp([['usva', 'SaleOptOut', 1]]))).toBe(true);
    expect(
      signalsDeny(
        rule,
        gpp([
          ['usnat', 'SaleOptOut', 2],
          ['usca', 'SharingOptOut', 1],
        ]),
      ),
    ).toBe(true);
    expect(signalsDeny(rule, gpp([['usva', 'TargetedAdvertisingOptOut', 1]]))).toBe(false);
    expect(signalsDeny(rule, { gpp: readGpp('DBABTA~1YYN') })).toBe(true);
  });

  it('does not deny by what it does not say, or says no opt-out of', () => {
    expect(signalsDeny(rule, gpp([['usva', 'SaleOptOut', 0]]))).toBe(false);
    expect(signalsDeny(rule, gpp([['usva', 'SaleOptOut', 2]]))).toBe(false);
    expect(signalsDeny(rule, { gpp: readGpp(`DBABMA~${encodeTcf({})}`) })).toBe(false);
    expect(signalsDeny(rules({ gpp: { optOuts: ['profiling'] } }), gpp([['usnat', 'SaleOptOut', 1]]))).toBe(
      false,
    );
  });

  it('does not deny by a section that is not in force', () => {
    expect(signalsDeny(rule, gpp([['usva', 'SaleOptOut', 1]], [9]))).toBe(true);
    expect(signalsDeny(rule, gpp([['usva', 'SaleOptOut', 1]], [16]))).toBe(false);
  });

  it('opts out of sale, sharing and targeted advertising by Global Privacy Control, and of nothing else', () => {
    const on = gpp([['usco', 'Gpc', true]]);
    for (const optOut of ['sale', 'sharing', 'targeted_advertising']) {
      expect(signalsDeny(rules({ gpp: { optOuts: [optOut] } }), on)).toBe(true);
    }
    expect(signalsDeny(rules({ gpp: { optOuts: ['profiling', 'sensitive_data'] } }), on)).toBe(false);
  });
});

const ids = (max: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { maxLength: 6 });
const anyTcf = fc.record({
  purposes: ids(11),
  interests: ids(11),
  features: ids(2),
  vendors: ids(9),
  vendorInterests: ids(9),
  disclosed: fc.option(ids(9), { nil: undefined }) as fc.Arbitrary<number[]>,
  updated: fc.constantFrom('2025-01-01T00:00:00Z', '2026-06-01T00:00:00Z'),
});
const anyGpp = fc
  .array(
    fc.tuple(
      fc.constantFrom('usnat', 'usca', 'ustx', 'usmd'),
      fc.constantFrom('SaleOptOut', 'Gpc'),
      fc.constantFrom(0, 1, 2),
    ),
    { maxLength: 4 },
  )
  .map((fields) => gpp(fields.map(([s, f, v]) => [s, f, f === 'Gpc' ? v === 1 : v] as const)).gpp!);
const anySignals = fc.record(
  { tcf: anyTcf.map((content) => tcf(content).tcf!), gpp: anyGpp },
  { requiredKeys: [] },
);
const someOf = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const anyRules = fc
  .record(
    {
      tcf: fc.record(
        {
          purposes: someOf(1, 2, 3, 7, 11),
          basis: fc.constantFrom('consent', 'legitimate_interest', 'either'),
          vendor: fc.integer({ min: 1, max: 9 }),
          specialFeatures: someOf(1, 2),
        },
        { requiredKeys: ['purposes'] },
      ),
      gpp: fc.record({
        optOuts: someOf('sale', 'sharing', 'targeted_advertising', 'profiling', 'sensitive_data'),
      }),
    },
    { requiredKeys: [] },
  )
  .map(rules);

describe('a signal', () => {
  it('only ever takes away: with one more, nothing that was denied is allowed', () => {
    fc.assert(
      fc.property(anyRules, anySignals, (rule, { tcf, gpp }) => {
        const all = signalsDeny(rule, { tcf, gpp });
        expect(signalsDeny(rule, {})).toBe(false);
        expect(all).toBe(signalsDeny(rule, { tcf }) || signalsDeny(rule, { gpp }));
      }),
    );
  });

  it('does not touch a purpose without rules, or without a rule for its kind', () => {
    fc.assert(
      fc.property(anyRules, anySignals, (rule, signals) => {
        expect(signalsDeny(undefined, signals)).toBe(false);
        expect(signalsDeny(rules({}), signals)).toBe(false);
        expect(signalsDeny({ gpp: rule.gpp }, { tcf: signals.tcf })).toBe(false);
      }),
    );
  });

  it('of more consent never denies what one of less allowed', () => {
    fc.assert(
      fc.property(anyRules, anyTcf, anyTcf, (rule, less, other) => {
        const join = (key: 'purposes' | 'interests' | 'features' | 'vendors' | 'vendorInterests') => [
          ...new Set([...less[key], ...other[key]]),
        ];
        const more = {
          ...less,
          purposes: join('purposes'),
          interests: join('interests'),
          features: join('features'),
          vendors: join('vendors'),
          vendorInterests: join('vendorInterests'),
        };
        if (!signalsDeny(rule, tcf(less))) expect(signalsDeny(rule, tcf(more))).toBe(false);
      }),
    );
  });
});

describe('the rules of a policy', () => {
  it.each([
    { tcf: {} },
    { tcf: { purposes: [] } },
    { tcf: { purposes: [12] } },
    { tcf: { purposes: [0] } },
    { tcf: { purposes: [1.5] } },
    { tcf: { purposes: [1], basis: 'contract' } },
    { tcf: { purposes: [1], vendor: 65_536 } },
    { tcf: { purposes: [1], vendors: [1] } },
    { gpp: { optOuts: [] } },
    { gpp: { optOuts: ['sales'] } },
    { usp: {} },
  ])('refuse %j', (written) => {
    expect(purposeSignalsSchema.safeParse(written).success).toBe(false);
  });
});
