import { RestrictionType } from '@iabtcf/core';
import { describe, expect, it } from 'vitest';
import { encodeTcf } from '../testing/encode-tcf.js';
import { readTcf, type TcfSignals } from './tcf.js';

const refusal = { name: 'DomainError', kind: 'invalid', code: 'signal.invalid', pointer: '/tcf' };
const vendorsOf = (ids: TcfSignals['vendorConsents']) =>
  Array.from({ length: 2_000 }, (_, id) => id).filter((id) => ids.has(id));

describe('what a TC string says', () => {
  it('is read from one of TCF 2.3, with disclosed vendors and the publisher segment', () => {
    const signals = readTcf(
      encodeTcf({
        purposes: [1, 3, 11],
        interests: [2, 10],
        features: [2],
        vendors: [7, 755, 1_500],
        vendorInterests: [32],
        disclosed: [7, 32, 755, 1_500],
        publisherTc: true,
        updated: '2026-05-06T00:00:00Z',
      }),
    );
    expect([...signals.purposeConsents]).toEqual([1, 3, 11]);
    expect([...signals.purposeLegitimateInterests]).toEqual([2, 10]);
    expect([...signals.specialFeatureOptIns]).toEqual([2]);
    expect(vendorsOf(signals.vendorConsents)).toEqual([7, 755, 1_500]);
    expect(vendorsOf(signals.vendorLegitimateInterests)).toEqual([32]);
    expect(vendorsOf(signals.vendorsDisclosed!)).toEqual([7, 32, 755, 1_500]);
    expect(signals).toMatchObject({
      framework: 'eu',
      policyVersion: 5,
      created: new Date('2026-01-02T00:00:00Z'),
      lastUpdated: new Date('2026-05-06T00:00:00Z'),
    });
  });

  it('is read from IAB\u2019s own example of an older core', () => {
    const signals = readTcf('COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA');
    expect([...signals.purposeConsents]).toEqual([1, 2, 3]);
    expect([...signals.purposeLegitimateInterests]).toEqual([]);
    expect(vendorsOf(signals.vendorConsents)).toEqual([2, 6, 8]);
    expect(vendorsOf(signals.vendorLegitimateInterests)).toEqual([2, 6, 8]);
    expect(signals.vendorsDisclosed).toBeUndefined();
    expect(signals.policyVersion).toBe(2);
    expect(signals.created).toEqual(new Date('2020-02-20T23:57:39.300Z'));
  });

  it('tells no disclosed vendor from nothing said about disclosure', () => {
    expect(readTcf(encodeTcf({})).vendorsDisclosed).toBeUndefined();
    expect(vendorsOf(readTcf(encodeTcf({ disclosed: [] })).vendorsDisclosed!)).toEqual([]);
  });

  it('reads what the publisher restricts, per vendor and purpose', () => {
    const { restrictionsOf } = readTcf(
      encodeTcf({
        restrictions: [
          [7, 2, RestrictionType.NOT_ALLOWED],
          [7, 9, RestrictionType.REQUIRE_CONSENT],
          [8, 2, RestrictionType.REQUIRE_LI],
        ],
      }),
    );
    expect(restrictionsOf(2, 7)).toEqual(['not_allowed']);
    expect(restrictionsOf(9, 7)).toEqual(['requires_consent']);
    expect(restrictionsOf(2, 8)).toEqual(['requires_legitimate_interest']);
    expect(restrictionsOf(9, 8)).toEqual([]);
  });

  it('never rests purpose 1 on legitimate interest, and from TCF 2.2 not 3 to 6 either', () => {
    const interests = [1, 2, 3, 4, 5, 6, 7];
    const read = (policyVersion: number) => [
      ...readTcf(encodeTcf({ interests, policyVersion })).purposeLegitimateInterests,
    ];
    expect(read(2)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(read(4)).toEqual([2, 7]);
    expect(read(5)).toEqual([2, 7]);
  });

  it('reads every purpose restricted for every vendor of a full list, as a publisher may', () => {
    const restrictions = Array.from({ length: 11 }, (_, purpose) =>
      Array.from(
        { length: 1_200 },
        (__, vendor) => [vendor + 1, purpose + 1, RestrictionType.REQUIRE_CONSENT] as const,
      ),
    ).flat();
    expect(readTcf(encodeTcf({ restrictions })).restrictionsOf(11, 1_200)).toEqual(['requires_consent']);
  });
});

describe('what is no TC string', () => {
  const core = encodeTcf({ purposes: [1], vendors: [3] });
  const [, disclosed = ''] = encodeTcf({ disclosed: [3] }).split('.');

  it.each([
    ['nothing', ''],
    ['a string of version 1', 'BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA'],
    ['a string of version 3', `D${core.slice(1)}`],
    ['a GPP string', 'DBABLA~BVQqAAAAAgA.QA'],
    ['segments without a core', disclosed],
    ['segments before the core', `${disclosed}.${core}`],
    ['two cores, of which the second would win', `${core}.${encodeTcf({ purposes: [1, 2, 3] })}`],
    ['two segments of disclosed vendors', `${core}.${disclosed}.${disclosed}`],
    ['a segment of an unknown type', `${core}.gAAA`],
    ['an empty segment', `${core}.`],
    ['NUL', `${core}\0`],
    ['NUL within', `${core.slice(0, 9)}\0${core.slice(10)}`],
    ['base64 that is not base64url', `${core.slice(0, -1)}+`],
    ['a space in front', ` ${core}`],
    ['a line end', `${core}\n`],
    ['100 KB', `${core}${'A'.repeat(100_000)}`],
    ['a core that ends early', core.slice(0, 30)],
  ])('is refused: %s', (_, text) => {
    expect(() => readTcf(text)).toThrow(expect.objectContaining(refusal));
  });

  it('is refused at the place the caller names, without quoting it', () => {
    expect.assertions(3);
    try {
      readTcf(core.slice(0, 30), '/signals/tcf');
    } catch (error) {
      expect(error).toMatchObject({ pointer: '/signals/tcf' });
      expect((error as Error).message).not.toContain(core.slice(0, 10));
      expect((error as Error).cause).toBeUndefined();
    }
  });
});
