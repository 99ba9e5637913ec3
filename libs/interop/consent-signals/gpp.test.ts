import { GppModel, HeaderV1, Sections } from '@iabgpp/cmpapi';
import { describe, expect, it } from 'vitest';
import { encodeTcf } from '../testing/encode-tcf.js';
import { readGpp } from './gpp.js';

const refusal = { name: 'DomainError', kind: 'invalid', code: 'signal.invalid', pointer: '/gpp' };

function encode(...fields: readonly (readonly [section: string, field: string, value: unknown])[]): string {
  const model = new GppModel();
  for (const field of fields) model.setFieldValue(...field);
  return model.encode();
}

/** The kinds each section has, by its specification, and the fields with which IAB's library writes them. */
const saleAndAds = { sale: 'SaleOptOut', targeted_advertising: 'TargetedAdvertisingOptOut' };
const sensitive = { sensitive_data: 'SensitiveDataProcessing' };
const opposing = { ...saleAndAds, ...sensitive };
const sectionKinds: Readonly<Record<number, { name: string; fields: Record<string, string>; gpc: boolean }>> =
  {
    7: { name: 'usnat', fields: { ...opposing, sharing: 'SharingOptOut' }, gpc: true },
    8: {
      name: 'usca',
      fields: { sale: 'SaleOptOut', sharing: 'SharingOptOut', ...sensitive },
      gpc: true,
    },
    9: { name: 'usva', fields: opposing, gpc: false },
    10: { name: 'usco', fields: opposing, gpc: true },
    11: { name: 'usut', fields: opposing, gpc: false },
    12: { name: 'usct', fields: opposing, gpc: true },
    13: { name: 'usfl', fields: opposing, gpc: false },
    14: { name: 'usmt', fields: opposing, gpc: true },
    15: { name: 'usor', fields: opposing, gpc: true },
    16: { name: 'ustx', fields: opposing, gpc: true },
    17: { name: 'usde', fields: opposing, gpc: true },
    18: { name: 'usia', fields: opposing, gpc: true },
    19: { name: 'usne', fields: opposing, gpc: true },
    20: { name: 'usnh', fields: opposing, gpc: true },
    21: { name: 'usnj', fields: opposing, gpc: true },
    22: { name: 'ustn', fields: opposing, gpc: true },
    23: { name: 'usmn', fields: opposing, gpc: true },
    24: { name: 'usmd', fields: saleAndAds, gpc: true },
    25: { name: 'usin', fields: opposing, gpc: false },
    26: { name: 'usky', fields: opposing, gpc: false },
    27: { name: 'usri', fields: opposing, gpc: false },
  };
const kinds = Object.entries(sectionKinds).map(([id, section]) => ({ id: Number(id), ...section }));
const cases = kinds.flatMap(({ id, name, fields }) =>
  Object.entries(fields).map(([kind, field]) => ({ id, name, kind, field })),
);

describe('sections of the United States', () => {
  it('are all those the library knows', () => {
    const known = [...Sections.SECTION_ID_NAME_MAP].filter(([id]) => id >= 7);
    expect(kinds.map(({ id, name }) => [id, name])).toEqual(known);
  });

  it.each(cases)('$name ($id) opts out of $kind, and of nothing else', ({ id, name, kind, field }) => {
    const value = field === 'SensitiveDataProcessing' ? [2, 0, 1] : 1;
    const { us, present } = readGpp(encode([name, field, value]));
    expect(present).toEqual([id]);
    expect(us).toEqual([{ id, name, optOuts: new Set([kind]), gpc: false }]);
  });

  it.each(cases)('$name ($id) does not opt out of $kind by 2 or by 0', ({ name, field }) => {
    const isList = field === 'SensitiveDataProcessing';
    for (const value of [0, 2]) {
      const { us } = readGpp(encode([name, field, isList ? [value, value] : value]));
      expect(us[0]?.optOuts).toEqual(new Set());
    }
  });

  it.each(kinds.filter(({ gpc }) => gpc))('$name ($id) says whether GPC was on', ({ name }) => {
    const on = readGpp(encode([name, 'Gpc', true]));
    expect(on.us[0]).toMatchObject({ gpc: true, optOuts: new Set() });
    expect(readGpp(encode([name, 'Gpc', false])).us[0]?.gpc).toBe(false);
    const without = encode([name, 'GpcSegmentIncluded', false]);
    expect(without).not.toContain('.');
    expect(readGpp(without).us[0]?.gpc).toBe(false);
  });

  it('count a child whose data nobody consented to as opted out of sensitive data', () => {
    expect(readGpp(encode(['usct', 'KnownChildSensitiveDataConsents', [0, 1, 0]])).us[0]?.optOuts).toEqual(
      new Set(['sensitive_data']),
    );
    expect(readGpp(encode(['usva', 'KnownChildSensitiveDataConsents', 2])).us[0]?.optOuts).toEqual(new Set());
  });

  it('are read in version 1 of usnat, which is shorter', () => {
    const { us } = readGpp('DBABLA~BVQqAAAAAgA.QA');
    expect(us).toEqual([{ id: 7, name: 'usnat', optOuts: new Set(), gpc: false }]);
    expect(readGpp('DBABLA~BVVVAAAAAgA.YA').us).toEqual([
      { id: 7, name: 'usnat', optOuts: new Set(['sale', 'sharing', 'targeted_advertising']), gpc: true },
    ]);
  });

  it('are ignored, and reported, in a version newer than the library', () => {
    // Version 2 of usca, and version 3 of usnat.
    expect(readGpp('DBABBg~CAVAAABA.QA')).toMatchObject({ us: [], unread: [8] });
    expect(readGpp('DBABLA~DVVVAAAAAgA.YA')).toMatchObject({ us: [], unread: [7] });
  });

  it('are refused with a value that no field has', () => {
    // SaleOptOut is the fourth pair of bits after the version of usfl, and here 11.
    expect(() => readGpp('DBABAw~BAwAAABA')).toThrow(expect.objectContaining(refusal));
  });

  it('are refused with a second segment that is not the one for GPC', () => {
    expect(() => readGpp('DBABBg~BAQAAABA.AA')).toThrow(expect.objectContaining(refusal));
  });
});

describe('the US Privacy string', () => {
  it.each([
    ['1YYN', ['sale']],
    ['1YNN', []],
    ['1---', []],
  ])('%s opts out of %j', (text, optOuts) => {
    const { us } = readGpp(`DBABTA~${text}`);
    expect(us).toEqual([{ id: 6, name: 'uspv1', optOuts: new Set(optOuts), gpc: false }]);
  });

  it.each(['1YXN', '1Y', 'xYYN', '1YYNN', '1yyn'])('is refused as %s', (text) => {
    expect(() => readGpp(`DBABTA~${text}`)).toThrow(expect.objectContaining(refusal));
  });
});

describe('TC strings in a GPP string', () => {
  it('are read from IAB\u2019s own example beside another section', () => {
    const signals = readGpp('DBACNYA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN');
    expect(signals.present).toEqual([2, 6]);
    expect(signals.tcf).toMatchObject({ framework: 'eu', purposeConsents: new Set() });
    expect(signals.us.map(({ name }) => name)).toEqual(['uspv1']);
  });

  it('are read as they are alone, also in the place of a GPP string', () => {
    const text = encodeTcf({ purposes: [1, 4], vendors: [9], disclosed: [9] });
    for (const gpp of [`DBABMA~${text}`, text]) {
      const { tcf, present } = readGpp(gpp);
      expect(present).toEqual([2]);
      expect(tcf?.purposeConsents).toEqual(new Set([1, 4]));
      expect(tcf?.vendorsDisclosed?.has(9)).toBe(true);
    }
  });

  it('are read from Canada: express consent as consent, implied consent as legitimate interest', () => {
    const bits = (...numbers: number[]) => Array.from({ length: 24 }, (_, bit) => numbers.includes(bit + 1));
    const { tcf, tcfCanada } = readGpp(
      encode(
        ['tcfcav1', 'PurposesExpressConsent', bits(2, 3)],
        ['tcfcav1', 'PurposesImpliedConsent', bits(4)],
        ['tcfcav1', 'SpecialFeatureExpressConsent', bits(1)],
        ['tcfcav1', 'VendorExpressConsent', [12, 13, 14, 900]],
        ['tcfcav1', 'VendorImpliedConsent', [1, 2, 5]],
        ['tcfcav1', 'DisclosedVendors', [12, 900]],
      ),
    );
    expect(tcf).toBeUndefined();
    expect(tcfCanada).toMatchObject({
      framework: 'canada',
      policyVersion: 2,
      purposeConsents: new Set([2, 3]),
      purposeLegitimateInterests: new Set([4]),
      specialFeatureOptIns: new Set([1]),
      vendorConsents: new Set([12, 13, 14, 900]),
      vendorLegitimateInterests: new Set([1, 2, 5]),
      vendorsDisclosed: new Set([12, 900]),
    });
    expect(readGpp(encode(['tcfcav1', 'CmpId', 3])).tcfCanada?.vendorsDisclosed).toBeUndefined();
  });
});

describe('sections in force', () => {
  const both = encode(['usca', 'SaleOptOut', 1], ['ustx', 'SaleOptOut', 1]);

  it('are those the caller names, and all without a name', () => {
    const read = (applicable?: readonly number[]) => readGpp(both, applicable).us.map(({ id }) => id);
    expect(read()).toEqual([8, 16]);
    expect(read([])).toEqual([8, 16]);
    expect(read([0])).toEqual([8, 16]);
    expect(read([16])).toEqual([16]);
    expect(read([-1])).toEqual([]);
  });

  it('are reported where the string lacks them', () => {
    expect(readGpp(both, [2, 8])).toMatchObject({ present: [8, 16], missing: [2], unread: [] });
    expect(readGpp(both, [-1]).missing).toEqual([]);
  });
});

describe('what is no GPP string', () => {
  it('reports sections it does not know', () => {
    const header = new HeaderV1();
    header.setFieldValue('SectionIds', [6, 40, 41]);
    const signals = readGpp(`${header.encode()}~1YNN~anything~BAQ.at.all`);
    expect(signals).toMatchObject({ present: [6, 40, 41], unread: [40, 41], tcf: undefined });
    expect(signals.us.map(({ name }) => name)).toEqual(['uspv1']);
  });

  it.each([
    ['nothing', ''],
    ['a header alone that names a section', 'DBABTA'],
    ['a section more than the header names', 'DBABTA~1YYN~1YYN'],
    ['an empty section', 'DBABTA~'],
    ['a header of version 2', 'DCABTA~1YYN'],
    ['NUL', 'DBABTA~1Y\0N'],
    ['100 KB', `DBABTA~${'1YYN'.repeat(25_000)}`],
    ['100 KB of sections', `DBABTA${'~1YYN'.repeat(20_000)}`],
    ['a TC string that is cut off, in its place', 'CPXxRfAPXxRfAAfKAB'],
  ])('is refused: %s', (_, text) => {
    expect(() => readGpp(text)).toThrow(expect.objectContaining(refusal));
  });
});
