import { Base64Url, BitLength, RestrictionType, TCModel, TCString, type Vector } from '@iabtcf/core';
import {
  integerAt,
  measureRanges,
  measureVendors,
  mostIds,
  segmentsByType,
  segmentTypes,
} from './bounded-ranges.js';
import { decodeBounded } from './malformed.js';

/** Numbers that a string lists. */
export type Ids = Pick<ReadonlySet<number>, 'has'>;

/** What the publisher restricts a vendor to in one TCF purpose. */
export type PublisherRestriction = 'not_allowed' | 'requires_consent' | 'requires_legitimate_interest';

/** What a TC string says. In Canada, consent is express consent, and legitimate interest is implied consent. */
export interface TcfSignals {
  readonly framework: 'eu' | 'canada';
  readonly created: Date;
  readonly lastUpdated: Date;
  readonly policyVersion: number;
  readonly purposeConsents: ReadonlySet<number>;
  /** Purposes on legitimate interest that the person was told of and did not object to. */
  readonly purposeLegitimateInterests: ReadonlySet<number>;
  readonly specialFeatureOptIns: ReadonlySet<number>;
  readonly vendorConsents: Ids;
  readonly vendorLegitimateInterests: Ids;
  /** Vendors that the person was shown; undefined where the string does not say, as before TCF 2.3. */
  readonly vendorsDisclosed: Ids | undefined;
  readonly restrictionsOf: (purpose: number, vendor: number) => readonly PublisherRestriction[];
}

/** Bits of the core segment before its lists of vendors (TC string format 2, core string). */
const coreBits = 213;

/**
 * IAB keeps restricted vendors in unbalanced trees, so reading n of one kind costs about n²/2 steps. This, the most that the
 * sum of n² may be, allows 11 purposes with every vendor on today's list, and takes below a tenth of a second.
 */
const mostRestrictionSteps = 40_000_000;

/**
 * Reads a TC string: of TCF 2.3, or of 2.0 to 2.2, whose core is the same.
 * @throws DomainError invalid, `signal.invalid`, at `pointer`
 */
export function readTcf(text: string, pointer = '/tcf'): TcfSignals {
  return decodeBounded(text, 'TC string', pointer, decodeTcf);
}

export function decodeTcf(text: string): TcfSignals {
  const segments = segmentsByType(text);
  bound(segments);
  const model = TCString.decode(text, new TCModel());
  if (model.version !== 2) throw new Error('not a TC string of version 2');
  const policyVersion = Number(model.policyVersion);
  return {
    framework: 'eu',
    created: model.created,
    lastUpdated: model.lastUpdated,
    policyVersion,
    purposeConsents: new Set(model.purposeConsents.values()),
    purposeLegitimateInterests: legitimateInterests(model.purposeLegitimateInterests, policyVersion),
    specialFeatureOptIns: new Set(model.specialFeatureOptins.values()),
    vendorConsents: model.vendorConsents,
    vendorLegitimateInterests: model.vendorLegitimateInterests,
    vendorsDisclosed: segments.has(segmentTypes.disclosedVendors) ? model.vendorsDisclosed : undefined,
    restrictionsOf: (purpose, vendor) =>
      model.publisherRestrictions
        .getRestrictions(vendor)
        .filter(({ purposeId }) => purposeId === purpose)
        .map(({ restrictionType }) => presentRestriction(restrictionType)),
  };
}

/** Purpose 1 never rests on legitimate interest, and from policy version 4 (TCF 2.2) purposes 3 to 6 do not either. */
function legitimateInterests(listed: Vector, policyVersion: number): ReadonlySet<number> {
  const never = policyVersion >= 4 ? [1, 3, 4, 5, 6] : [1];
  return new Set([...listed.values()].filter((purpose) => !never.includes(purpose)));
}

/** The fourth value of the two bits means nothing; it is taken for the strictest. */
function presentRestriction(type: RestrictionType): PublisherRestriction {
  if (type === RestrictionType.REQUIRE_CONSENT) return 'requires_consent';
  return type === RestrictionType.REQUIRE_LI ? 'requires_legitimate_interest' : 'not_allowed';
}

/** Refuses what would unfold too far, before the decoder unfolds it. */
function bound(segments: ReadonlyMap<number, string>): void {
  let ids = 0;
  for (const [type, segment] of segments) {
    const bits = Base64Url.decode(segment);
    if (type === segmentTypes.core) {
      const consents = measureVendors(bits, coreBits);
      const interests = measureVendors(bits, consents.end);
      boundRestrictions(bits, interests.end);
      ids += consents.ids + interests.ids;
    } else if (type !== segmentTypes.publisherTc) {
      ids += measureVendors(bits, BitLength.segmentType).ids;
    }
  }
  if (ids > mostIds) throw new Error('too many ids');
}

function boundRestrictions(bits: string, from: number): void {
  const kindBits = BitLength.purposeId + BitLength.restrictionType;
  const idsByKind = new Map<number, number>();
  let at = from + BitLength.numRestrictions;
  for (let left = integerAt(bits, from, BitLength.numRestrictions); left > 0; left -= 1) {
    const kind = integerAt(bits, at, kindBits);
    const { end, ids } = measureRanges(bits, at + kindBits);
    idsByKind.set(kind, (idsByKind.get(kind) ?? 0) + ids);
    at = end;
  }
  let steps = 0;
  for (const ids of idsByKind.values()) steps += ids ** 2;
  if (steps > mostRestrictionSteps) throw new Error('too many restrictions');
}
