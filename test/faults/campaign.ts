import fc from 'fast-check';
import type { Rig } from './rig/rig.js';
import { runSteps } from './run-steps.js';
import { anySteps } from './steps/index.js';
import type { Step } from './steps/step.js';

/** A run that has broken a promise. */
export interface Failure {
  /** Of this run: `--seed` with it begins here. */
  readonly seed: number;
  /** Where shrinking has led. */
  readonly path: string;
  readonly steps: readonly Step[];
  /** What the run had been before it was shrunk. */
  readonly original: readonly Step[];
  readonly violations: string;
}

export interface CampaignOptions {
  readonly seed: number;
  /** How many processes are killed before it ends; a run that has begun is finished. */
  readonly kills: number;
  /** How long to look for a shorter run that fails as well, in milliseconds. */
  readonly shrinkFor: number;
  /** Replays a shrunk run: the path that a failure came with. */
  readonly path?: string;
  readonly runs?: number;
  readonly progress?: (kills: number) => void;
}

/** Runs of random steps, one after the other on the same system, each with the next seed, until one fails. */
export async function campaign(rig: Rig, options: CampaignOptions): Promise<Failure | undefined> {
  const { seed, kills, runs = Infinity, path } = options;
  for (let run = 0; run < runs && rig.tally.kills < kills; run++) {
    const failure = await once(rig, seed + run, options.shrinkFor, run === 0 ? path : undefined);
    if (failure !== undefined) return failure;
    options.progress?.(rig.tally.kills);
  }
  await rig.whole();
  return undefined;
}

async function once(
  rig: Rig,
  seed: number,
  shrinkFor: number,
  path: string | undefined,
): Promise<Failure | undefined> {
  let original: readonly Step[] | undefined;
  const property = fc.asyncProperty(anySteps, async (steps) => {
    original ??= steps;
    await runSteps(rig, steps, hasVectors(seed));
  });
  const details = await fc.check(property, {
    seed,
    numRuns: 1,
    // Else short runs come first.
    unbiased: true,
    endOnFailure: shrinkFor === 0,
    ...(path === undefined ? {} : { path }),
    ...(shrinkFor === 0 ? {} : { interruptAfterTimeLimit: shrinkFor }),
  });
  if (!details.failed || details.counterexample === null) return undefined;
  const { errorInstance, counterexample, counterexamplePath } = details;
  return {
    seed,
    path: counterexamplePath,
    steps: counterexample[0],
    original: original ?? counterexample[0],
    violations: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
  };
}

/** The third store takes long to open, so not every run has it. */
function hasVectors(seed: number): boolean {
  return seed % 3 === 0;
}
