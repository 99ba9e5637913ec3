import {
  BitStringEncoder,
  CompressedBase64UrlEncoder,
  EncodableBitStringFields,
  EncodableBoolean,
  EncodableDatetime,
  EncodableFixedBitfield,
  EncodableFixedInteger,
  EncodableFixedString,
  TcfCaV1,
  TcfCaV1Field,
  TCFCAV1_CORE_SEGMENT_FIELD_NAMES,
  TCFCAV1_DISCLOSED_VENDORS_SEGMENT_FIELD_NAMES,
} from '@iabgpp/cmpapi';
import { BoundedVendors, segmentsByType, segmentTypes } from './bounded-ranges.js';
import type { TcfSignals } from './tcf.js';

/** Section 5 of a GPP string. Put together from IAB's fields, as IAB's own section unfolds ranges without bound. */
export function decodeTcfCanada(text: string): TcfSignals {
  const segments = segmentsByType(text);
  const core = decodeCore(segments.get(segmentTypes.core) ?? '');
  const disclosed = segments.get(segmentTypes.disclosedVendors);
  return { ...core, vendorsDisclosed: disclosed === undefined ? undefined : decodeDisclosed(disclosed) };
}

function decodeCore(segment: string): Omit<TcfSignals, 'vendorsDisclosed'> {
  const version = new EncodableFixedInteger(6, 0);
  const [created, lastUpdated] = [new EncodableDatetime(new Date(0)), new EncodableDatetime(new Date(0))];
  const policyVersion = new EncodableFixedInteger(6, 0);
  const specialFeatures = bitfield(12);
  const [expressPurposes, impliedPurposes] = [bitfield(24), bitfield(24)];
  const [expressVendors, impliedVendors] = [new BoundedVendors([]), new BoundedVendors([])];
  decode(segment, TCFCAV1_CORE_SEGMENT_FIELD_NAMES, [
    [TcfCaV1Field.VERSION, version],
    [TcfCaV1Field.CREATED, created],
    [TcfCaV1Field.LAST_UPDATED, lastUpdated],
    [TcfCaV1Field.CMP_ID, new EncodableFixedInteger(12, 0)],
    [TcfCaV1Field.CMP_VERSION, new EncodableFixedInteger(12, 0)],
    [TcfCaV1Field.CONSENT_SCREEN, new EncodableFixedInteger(6, 0)],
    [TcfCaV1Field.CONSENT_LANGUAGE, new EncodableFixedString(2, 'EN')],
    [TcfCaV1Field.VENDOR_LIST_VERSION, new EncodableFixedInteger(12, 0)],
    [TcfCaV1Field.TCF_POLICY_VERSION, policyVersion],
    [TcfCaV1Field.USE_NON_STANDARD_STACKS, new EncodableBoolean(false)],
    [TcfCaV1Field.SPECIAL_FEATURE_EXPRESS_CONSENT, specialFeatures],
    [TcfCaV1Field.PURPOSES_EXPRESS_CONSENT, expressPurposes],
    [TcfCaV1Field.PURPOSES_IMPLIED_CONSENT, impliedPurposes],
    [TcfCaV1Field.VENDOR_EXPRESS_CONSENT, expressVendors],
    [TcfCaV1Field.VENDOR_IMPLIED_CONSENT, impliedVendors],
  ]);
  if (version.getValue() !== TcfCaV1.VERSION) throw new Error('not a TC string of Canada of version 1');
  return {
    framework: 'canada',
    created: created.getValue(),
    lastUpdated: lastUpdated.getValue(),
    policyVersion: policyVersion.getValue(),
    purposeConsents: numbersOf(expressPurposes),
    purposeLegitimateInterests: numbersOf(impliedPurposes),
    specialFeatureOptIns: numbersOf(specialFeatures),
    vendorConsents: new Set(expressVendors.getValue()),
    vendorLegitimateInterests: new Set(impliedVendors.getValue()),
    restrictionsOf: () => [],
  };
}

function decodeDisclosed(segment: string): ReadonlySet<number> {
  const vendors = new BoundedVendors([]);
  decode(segment, TCFCAV1_DISCLOSED_VENDORS_SEGMENT_FIELD_NAMES, [
    [TcfCaV1Field.DISCLOSED_VENDORS_SEGMENT_TYPE, new EncodableFixedInteger(3, 0)],
    [TcfCaV1Field.DISCLOSED_VENDORS, vendors],
  ]);
  return new Set(vendors.getValue());
}

type Field = Parameters<EncodableBitStringFields['put']>[1];

/** Fields that are not given, at the end, are left out. */
function decode(
  segment: string,
  order: readonly string[],
  given: readonly (readonly [string, Field])[],
): void {
  const fields = new EncodableBitStringFields();
  for (const [name, field] of given) fields.put(name, field);
  const names = order.filter((name) => fields.containsKey(name));
  const bits = CompressedBase64UrlEncoder.getInstance().decode(segment);
  const encoder = BitStringEncoder.getInstance();
  encoder.decode(bits, names, fields);
  // Older encoders of IAB wrote vendors in another coding, which reads as other vendors; only what comes out the same was meant.
  if (!bits.startsWith(encoder.encode(fields, names)))
    throw new Error('not in the coding of the specification');
}

function bitfield(length: number): EncodableFixedBitfield {
  return new EncodableFixedBitfield(Array.from({ length }, () => false));
}

/** The first bit is number 1. */
function numbersOf(field: EncodableFixedBitfield): ReadonlySet<number> {
  return new Set(field.getValue().flatMap((isSet, index) => (isSet ? [index + 1] : [])));
}
