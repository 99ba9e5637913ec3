import {
  GVL,
  PurposeRestriction,
  Segment,
  SegmentEncoder,
  TCModel,
  type RestrictionType,
  type Vector,
} from '@iabtcf/core';

/** What a TC string of a test says; what is left out is not said. */
export interface TcString {
  readonly purposes?: readonly number[];
  readonly interests?: readonly number[];
  readonly features?: readonly number[];
  readonly vendors?: readonly number[];
  readonly vendorInterests?: readonly number[];
  /** Without it, the string has no segment for disclosed vendors, as before TCF 2.3. */
  readonly disclosed?: readonly number[];
  readonly restrictions?: readonly (readonly [vendor: number, purpose: number, type: RestrictionType])[];
  readonly updated?: string;
  readonly policyVersion?: number;
  readonly publisherTc?: boolean;
}

/** Encodes it with IAB's segment encoder, which, unlike its string encoder, writes just what it is given. */
export function encodeTcf(content: TcString): string {
  const model = new TCModel();
  model.cmpId = 31;
  model.isServiceSpecific = true;
  model.policyVersion = content.policyVersion ?? 5;
  model.created = new Date('2026-01-02T00:00:00Z');
  model.lastUpdated = new Date(content.updated ?? '2026-04-01T00:00:00Z');
  fill(model.purposeConsents, content.purposes);
  fill(model.purposeLegitimateInterests, content.interests);
  fill(model.specialFeatureOptins, content.features);
  fill(model.vendorConsents, content.vendors);
  fill(model.vendorLegitimateInterests, content.vendorInterests);
  fill(model.vendorsDisclosed, content.disclosed);
  for (const [vendor, purpose, type] of content.restrictions ?? []) {
    model.publisherRestrictions.add(vendor, new PurposeRestriction(purpose, type));
  }
  model.publisherRestrictions.gvl = vendorList(content.restrictions?.map(([vendor]) => vendor) ?? []);
  const segments = [Segment.CORE];
  if (content.disclosed !== undefined) segments.push(Segment.VENDORS_DISCLOSED);
  if (content.publisherTc === true) segments.push(Segment.PUBLISHER_TC);
  return segments.map((segment) => SegmentEncoder.encode(model, segment)).join('.');
}

function fill(vector: Vector, ids: readonly number[] = []): void {
  vector.set([...ids]);
}

/** A vendor list with just these vendors, each free to do everything on every basis. */
function vendorList(ids: readonly number[]): GVL {
  const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
  const named = (id: number) => ({
    id,
    name: `${id}`,
    description: '',
    descriptionLegal: '',
    illustrations: [],
  });
  return new GVL({
    gvlSpecificationVersion: 3,
    vendorListVersion: 1,
    tcfPolicyVersion: 5,
    lastUpdated: '2026-01-01T00:00:00Z',
    purposes: Object.fromEntries(all.map((id) => [id, named(id)])),
    specialPurposes: {},
    features: {},
    specialFeatures: {},
    stacks: {},
    vendors: Object.fromEntries(
      ids.map((id) => [
        id,
        {
          id,
          name: `${id}`,
          purposes: all,
          legIntPurposes: all,
          flexiblePurposes: all,
          specialPurposes: [],
          features: [],
          specialFeatures: [],
          cookieMaxAgeSeconds: null,
          usesCookies: false,
          cookieRefresh: false,
          usesNonCookieAccess: false,
          policyUrl: '',
        },
      ]),
    ),
  });
}
