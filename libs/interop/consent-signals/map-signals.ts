import type { OptOut, PurposeSignalRules } from '#policy';
import type { GppSignals } from './gpp.js';
import type { TcfSignals } from './tcf.js';

/** The consent strings that came with a question, as far as any did. */
export interface ConsentSignals {
  readonly tcf?: TcfSignals | undefined;
  readonly gpp?: GppSignals | undefined;
}

type TcfRule = NonNullable<PurposeSignalRules['tcf']>;

/** Global Privacy Control opts out of these (CCPA regulations § 7025; Colorado Privacy Act Rule 5.02). */
const gpcOptOuts: readonly OptOut[] = ['sale', 'sharing', 'targeted_advertising'];

/** Where a string says yes on each basis, and which restriction of the publisher rules the basis out. */
const bases = [
  {
    name: 'consent',
    purposes: 'purposeConsents',
    vendors: 'vendorConsents',
    barredBy: 'requires_legitimate_interest',
  },
  {
    name: 'legitimate_interest',
    purposes: 'purposeLegitimateInterests',
    vendors: 'vendorLegitimateInterests',
    barredBy: 'requires_consent',
  },
] as const;

/** TC strings without disclosed vendors are invalid from then on (TCF 2.3, transition until 28 February 2026). */
const disclosureDue = new Date('2026-03-01T00:00:00Z');

/**
 * Whether the signals deny a purpose that has these rules. They only ever take away: without rules, and without a signal that a
 * rule asks about, nothing is denied here, and what is not denied here is not allowed for that. TCF is opt-in: a string that
 * does not say yes denies. GPP sections of the United States are opt-out: only a no denies.
 */
export function signalsDeny(
  rules: PurposeSignalRules | undefined,
  { tcf, gpp }: ConsentSignals = {},
): boolean {
  return tcfDenies(rules?.tcf, [tcf, gpp?.tcf, gpp?.tcfCanada], gpp) || gppDenies(rules?.gpp?.optOuts, gpp);
}

function tcfDenies(
  rule: TcfRule | undefined,
  strings: readonly (TcfSignals | undefined)[],
  gpp: GppSignals | undefined,
): boolean {
  if (rule === undefined) return false;
  // Sections 2 and 5 are the TC strings of the EU and of Canada.
  if (gpp?.missing.some((id) => id === 2 || id === 5) === true) return true;
  return strings.some((signals) => signals !== undefined && !permits(rule, signals));
}

function permits(rule: TcfRule, signals: TcfSignals): boolean {
  return (
    (rule.specialFeatures ?? []).every((feature) => signals.specialFeatureOptIns.has(feature)) &&
    (rule.vendor === undefined || isDisclosed(rule.vendor, signals)) &&
    rule.purposes.every((purpose) => permitsPurpose(rule, purpose, signals))
  );
}

function permitsPurpose({ basis, vendor }: TcfRule, purpose: number, signals: TcfSignals): boolean {
  // TCF Canada has no purpose 1 (storage on a device), and leaves its bit unset.
  if (signals.framework === 'canada' && purpose === 1) return true;
  const restrictions = vendor === undefined ? [] : signals.restrictionsOf(purpose, vendor);
  if (restrictions.includes('not_allowed')) return false;
  return bases.some(
    ({ name, purposes, vendors, barredBy }) =>
      (basis === name || basis === 'either') &&
      !restrictions.includes(barredBy) &&
      signals[purposes].has(purpose) &&
      (vendor === undefined || signals[vendors].has(vendor)),
  );
}

function isDisclosed(vendor: number, { framework, vendorsDisclosed, lastUpdated }: TcfSignals): boolean {
  if (vendorsDisclosed !== undefined) return vendorsDisclosed.has(vendor);
  return framework === 'canada' || lastUpdated < disclosureDue;
}

function gppDenies(optOuts: readonly OptOut[] | undefined, gpp: GppSignals | undefined): boolean {
  if (optOuts === undefined || gpp === undefined) return false;
  return gpp.us.some((section) =>
    optOuts.some((optOut) => section.optOuts.has(optOut) || (section.gpc && gpcOptOuts.includes(optOut))),
  );
}
