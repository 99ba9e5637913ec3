/** GDPR Art. 6(1). */
export const legalBases = [
  'consent',
  'contract',
  'legal_obligation',
  'vital_interest',
  'public_task',
  'legitimate_interest',
] as const;
export type LegalBasis = (typeof legalBases)[number];

/** What a decision needs to know of a purpose. Plain data: it travels to replicas as JSON. */
export interface PurposeRules {
  /** The purposes it lies within, the nearest first: a no to one of them is a no to this. */
  readonly within: readonly string[];
  readonly legalBasis: LegalBasis;
  /** Where another basis holds, by jurisdiction; those that enclose another are spread over it. */
  readonly bases: Readonly<Record<string, LegalBasis>>;
  /** Whether an opt-out signal of the request (Global Privacy Control) denies it. */
  readonly honoursOptOutSignal: boolean;
  /** The version of the notice that a consent must have been given under; null when any will do. */
  readonly onlyNotice: string | null;
  readonly conditions: Conditions;
}

/** What an allow is bound to. */
export interface Conditions {
  /** Categories of data that may not be used for the purpose. */
  readonly leaveOut: readonly string[];
  /** The oldest that signals may be, an ISO 8601 duration; null when any age will do. */
  readonly maximumAge: string | null;
}

/** A policy as far as decisions depend on it. */
export interface DecisionRules {
  readonly policyVersion: number;
  readonly purposes: Readonly<Record<string, PurposeRules>>;
  readonly jurisdictions: readonly string[];
}

/** The rules of a purpose; of an object's own members only, so that no name reaches a prototype. */
export function purposeOf(rules: DecisionRules, name: string): PurposeRules | undefined {
  return Object.hasOwn(rules.purposes, name) ? rules.purposes[name] : undefined;
}

/** The legal basis of a purpose where the person is; undefined for a jurisdiction that the policy does not know. */
export function basisIn(
  rules: DecisionRules,
  purpose: PurposeRules,
  jurisdiction: string | undefined,
): LegalBasis | undefined {
  if (jurisdiction === undefined) return purpose.legalBasis;
  if (!rules.jurisdictions.includes(jurisdiction)) return undefined;
  return Object.hasOwn(purpose.bases, jurisdiction) ? purpose.bases[jurisdiction] : purpose.legalBasis;
}
