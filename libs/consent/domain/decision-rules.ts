import type { DecisionRules, LegalBasis, PurposeRules } from '#decisions';
import type { AppliedPolicy, Policy, Purpose } from '#policy';
import { enclosingJurisdictions, enclosingPurposes } from '#policy/domain';

const known = new WeakMap<AppliedPolicy, DecisionRules>();

/** A policy as far as decisions depend on it; the same policy only once. */
export function decisionRules(applied: AppliedPolicy): DecisionRules {
  const made = known.get(applied) ?? makeRules(applied);
  known.set(applied, made);
  return made;
}

function makeRules({ version, policy }: AppliedPolicy): DecisionRules {
  const jurisdictions = Object.keys(policy.jurisdictions);
  return {
    policyVersion: version,
    jurisdictions,
    purposes: Object.fromEntries(
      Object.entries(policy.purposes).map(([name, purpose]) => [
        name,
        purposeRules(policy, name, purpose, jurisdictions),
      ]),
    ),
  };
}

function purposeRules(
  policy: Policy,
  name: string,
  purpose: Purpose,
  jurisdictions: readonly string[],
): PurposeRules {
  const { legalBasis, honoursOptOutSignal, notice, conditions } = purpose;
  return {
    within: enclosingPurposes(policy.purposes, name),
    legalBasis,
    bases: Object.fromEntries(
      jurisdictions
        .map((where) => [where, basisFor(policy, purpose, where)] as const)
        .filter(([, basis]) => basis !== legalBasis),
    ),
    honoursOptOutSignal,
    onlyNotice: notice?.asksAgain === true ? notice.version : null,
    conditions: { leaveOut: conditions.leaveOut, maximumAge: conditions.maximumAge ?? null },
  };
}

/** The legal basis of a purpose where the person is: of the narrowest jurisdiction that says one. */
export function basisFor(policy: Policy, purpose: Purpose, jurisdiction: string | undefined): LegalBasis {
  const places = jurisdiction === undefined ? [] : enclosingJurisdictions(policy, jurisdiction);
  const said = places.find((place) => Object.hasOwn(purpose.bases, place));
  return (said === undefined ? undefined : purpose.bases[said]) ?? purpose.legalBasis;
}
