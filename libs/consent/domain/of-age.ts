import type { Policy } from '#policy';
import { addDuration, enclosingJurisdictions } from '#policy/domain';

/**
 * The day from which somebody born on a day consents alone, as YYYY-MM-DD; null where the policy names no age. The age is the
 * jurisdiction's own, or of the narrowest that it lies in. Who is born on 29 February comes of age on the last of February.
 */
export function ofAgeOn(policy: Policy, jurisdiction: string, bornOn: string): string | null {
  const places = enclosingJurisdictions(policy, jurisdiction);
  const age = places
    .map((place) => policy.jurisdictions[place]?.ageOfConsent)
    .find((years) => years !== undefined);
  if (age === undefined) return null;
  return addDuration(new Date(`${bornOn}T00:00:00Z`), `P${age}Y`)
    .toISOString()
    .slice(0, 10);
}
