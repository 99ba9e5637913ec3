import { cutOff } from '#policy/domain';
import type { SweepStep } from '#policy';
import type { Outcome } from './outcome.js';
import type { ReadBackResult } from './read-back.js';

/** Which hold holds some work, on what legal basis, and what more than its scope. */
export interface HeldBy {
  readonly hold: string;
  readonly basis: string;
  readonly note: string | null;
}

/** What is seen of an obligation and those that it continues, or that continue it. */
interface Link {
  readonly id: string;
  readonly outcome: Outcome | null;
  /** The obligation that it continues: held, failed, or of which something came back. */
  readonly succeeds: string | null;
  readonly rows: number;
  readonly exact: boolean;
  /** What the second read-back found, and when. */
  readonly readBack: ReadBackResult | null;
  readonly readBackAt: Date | null;
}

/** When something that had been erased was last found there again; null when nothing ever was. */
export interface CameBack {
  readonly cameBackAt: Date | null;
}

/**
 * How each part of a cause stands: of an obligation and its successors the last that is settled, with the rows of all
 * of them. What still waits for a hold, or is under way again, stands as it did until it is settled.
 */
export function currentParts<L extends Link>(links: readonly L[]): readonly (L & CameBack)[] {
  const successors = new Map(
    links.flatMap((link) => (link.succeeds === null ? [] : [[link.succeeds, link]])),
  );
  return links
    .filter(({ succeeds }) => succeeds === null)
    .map((first) => {
      let last = first;
      let { rows, exact } = first;
      let cameBackAt = cameBack(first);
      for (let next = successors.get(first.id); next !== undefined; next = successors.get(next.id)) {
        if (next.outcome === null) break;
        last = next;
        rows += next.rows;
        exact &&= next.exact;
        cameBackAt = cameBack(next) ?? cameBackAt;
      }
      return { ...last, rows, exact, cameBackAt };
    });
}

function cameBack({ readBack, readBackAt }: Link): Date | null {
  return readBack === 'came_back' ? readBackAt : null;
}

/** The selector of a sweep that waited for a hold. */
export interface WaitedSweep {
  readonly id: string;
  readonly moment: string;
  readonly onlyPurposes: readonly string[] | null;
  readonly cutOff: Date;
}

/** Whether the policy of now still removes all that a sweep of before was to remove. */
export function isStillDue(sweep: WaitedSweep, steps: readonly SweepStep[], now: Date): boolean {
  return steps.some(
    (step) => step.from === sweep.moment && includes(step, sweep) && cutOff(now, step.keep) >= sweep.cutOff,
  );
}

/** Of sweeps of one dataset that waited together, those of which another one removes everything. */
export function overtaken(sweeps: readonly WaitedSweep[]): readonly WaitedSweep[] {
  return sweeps.filter((sweep) =>
    sweeps.some(
      (other) =>
        other.id !== sweep.id &&
        other.moment === sweep.moment &&
        selectorOf(other) === selectorOf(sweep) &&
        reachesFurther(other, sweep),
    ),
  );
}

function reachesFurther(one: WaitedSweep, other: WaitedSweep): boolean {
  const difference = one.cutOff.getTime() - other.cutOff.getTime();
  return difference > 0 || (difference === 0 && one.id < other.id);
}

function selectorOf({ onlyPurposes }: WaitedSweep): string {
  return JSON.stringify(onlyPurposes === null ? null : onlyPurposes.toSorted());
}

function includes({ onlyPurposes: whole }: SweepStep, { onlyPurposes: part }: WaitedSweep): boolean {
  if (whole === null) return true;
  if (part === null) return false;
  if (part.length === 0) return whole.length === 0;
  return part.every((purpose) => whole.includes(purpose));
}

/** The obligations, of those that go on now, that each has to wait for: what its dataset is derived from goes first. */
export function awaitsOf(
  one: { readonly causeId: string; readonly subjectRef: string | null },
  derivedFrom: readonly string[],
  open: readonly { readonly causeId: string; readonly subjectRef: string | null; readonly dataset: string }[],
): readonly string[] {
  return derivedFrom.filter((source) =>
    open.some(
      ({ causeId, subjectRef, dataset }) =>
        causeId === one.causeId && subjectRef === one.subjectRef && dataset === source,
    ),
  );
}
