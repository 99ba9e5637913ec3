import type { CompiledPolicy } from './compiled-policy.js';
import {
  finding,
  type Collected,
  type Finding,
  type GovernedDataset,
  type Kind,
  type Period,
  type SweepStep,
} from './governed.js';
import { grouped, isLonger } from './row-period.js';

export function wholeStep(
  dataset: GovernedDataset,
  rows: ReadonlyMap<Kind, Period | undefined>,
  { conflicts }: Collected,
): readonly SweepStep[] {
  const periods = [...rows.values()];
  const known = periods.filter((period) => period !== undefined);
  // A purpose that never lets go of its signals, or about which nothing can be said.
  if (known.length < periods.length || known.length === 0) return [];
  const longest = known.find((one) => known.every((other) => isLonger(one, other)));
  if (longest !== undefined) return [stepOf(longest, null)];
  conflicts.push(incomparable(dataset, known));
  return [];
}

/**
 * One step for each length of period: rows that list only purposes that let go of them by then. A row that lists a
 * purpose with a longer period waits for it.
 */
export function stepsByPurpose(
  dataset: GovernedDataset,
  rows: ReadonlyMap<Kind, Period | undefined>,
  { conflicts }: Collected,
): readonly SweepStep[] {
  const purposes = [...rows].filter((entry): entry is [string, Period | undefined] => entry[0] !== null);
  const unlisted = rows.get(null);
  const all = [unlisted, ...purposes.map(([, period]) => period)];
  const known = all.filter((period) => period !== undefined);
  if (known.length === all.length && grouped(known).length === 1)
    return known.slice(0, 1).map((period) => stepOf(period, null));
  const incomparables = known.filter(
    (one) => !known.every((other) => isLonger(one, other) || isLonger(other, one)),
  );
  if (incomparables.length > 0) {
    conflicts.push(incomparable(dataset, incomparables));
    return [];
  }
  const listed = purposes.flatMap(([, period]) => (period === undefined ? [] : [period]));
  const steps = grouped(listed).flatMap(([period]) =>
    period === undefined
      ? []
      : [
          stepOf(
            period,
            purposes
              .filter(([, other]) => other !== undefined && isLonger(period, other))
              .map(([name]) => name),
          ),
        ],
  );
  return unlisted === undefined ? steps : [...steps, stepOf(unlisted, [])];
}

function stepOf(
  { name, rule: { keep = '', from } }: Period,
  onlyPurposes: readonly string[] | null,
): SweepStep {
  return { rule: name, keep, from, onlyPurposes: onlyPurposes === null ? null : [...onlyPurposes].sort() };
}

/** A sweep goes by what rows carry; what it cannot measure or may not do without notice, it leaves alone. */
export function isEnforced(
  dataset: GovernedDataset,
  { policy }: CompiledPolicy,
  step: SweepStep,
  { conflicts, unenforced }: Collected,
): boolean {
  const about = finding(dataset, undefined, [step.rule]);
  if (step.from === 'consent_ended') {
    unenforced.push({
      ...about,
      message: 'periods from the end of a consent are not carried out yet: signals stay',
    });
    return false;
  }
  if (step.from !== 'collected' && !dataset.moments.includes(step.from)) {
    const declared = ['collected', ...dataset.moments].join(', ');
    conflicts.push({
      ...about,
      message: `its rows carry no moment ${step.from}; the data map declares ${declared}`,
    });
    return false;
  }
  if (policy.retention[step.rule]?.notice === undefined) return true;
  unenforced.push({
    ...about,
    message: 'nobody is told beforehand yet, and without notice nothing is erased',
  });
  return false;
}

function incomparable(dataset: GovernedDataset, periods: readonly Period[]): Finding {
  return {
    ...finding(
      dataset,
      undefined,
      periods.map(({ name }) => name),
    ),
    message: `its purposes keep signals for periods of which neither is always the longer: ${periods.map(({ rule }) => `${rule.keep ?? ''} from ${rule.from}`).join(', ')}`,
  };
}
