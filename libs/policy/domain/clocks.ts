import { addDuration } from './calendar.js';
import { enclosingJurisdictions } from './compiled-policy.js';
import type { Policy } from './policy.js';

/** GDPR Art. 12(3), for a policy that sets no clock. */
const unlessSet = { name: null, within: 'P1M' };

/** By when something has to be done, and by which clock. */
export interface Deadline {
  /** The clock's name; null where the policy has none that applies, and one calendar month holds (GDPR Art. 12(3)). */
  readonly clock: string | null;
  readonly at: Date;
}

/**
 * The day by which a request or any other erasure accepted at `from` must be done. The clock of the nearest jurisdiction
 * holds; where the jurisdiction is not known, the one that ends first of all there are.
 */
export function deadlineOf(policy: Policy, from: Date, jurisdiction?: string): Deadline {
  const clocks = Object.entries(policy.clocks).map(([name, clock]) => ({ name, ...clock }));
  const deadlines = (jurisdiction === undefined ? clocks : nearest(policy, clocks, jurisdiction)).map(
    ({ name, within }) => ({ clock: name, at: addDuration(from, within) }),
  );
  const [first] = deadlines.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return first ?? { clock: unlessSet.name, at: addDuration(from, unlessSet.within) };
}

/** Long enough for pipelines that run daily to have written what they had in hand. */
const quietUnlessSet = 'P1D';

/** When what was erased at `from` is read back a second time. */
export function readBackAt({ readBack }: Policy, from: Date): Date {
  return addDuration(from, readBack.after ?? quietUnlessSet);
}

function nearest<Clock extends { readonly jurisdiction?: string | undefined }>(
  policy: Policy,
  clocks: readonly Clock[],
  jurisdiction: string,
): readonly Clock[] {
  for (const name of [...enclosingJurisdictions(policy, jurisdiction), undefined]) {
    const found = clocks.filter((clock) => clock.jurisdiction === name);
    if (found.length > 0) return found;
  }
  return [];
}
