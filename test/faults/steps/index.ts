import fc from 'fast-check';
import type { World } from '../world.js';
import { faultSteps } from './fault-steps.js';
import { hostSteps } from './host-steps.js';
import { peopleSteps } from './people-steps.js';
import type { Step, StepKind } from './step.js';
import { upkeepSteps } from './upkeep-steps.js';

const kinds: readonly StepKind[] = [...hostSteps, ...peopleSteps, ...upkeepSteps, ...faultSteps];
const byName = new Map(kinds.map((kind) => [kind.name, kind]));

/** What a run is made of: any steps in any order. */
export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(...kinds.map(({ weight, arbitrary }) => ({ weight, arbitrary }))),
  { maxLength: 100, size: 'max' },
);

export async function perform(world: World, step: Step): Promise<void> {
  const kind = byName.get(step.do);
  if (kind === undefined) throw new TypeError(`there is no step ${step.do}`);
  await kind.perform(world, step);
}

/** A step in one line. */
export function describeStep(step: Step): string {
  const args = Object.entries(step.with).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${step.do}(${args.join(', ')})`;
}
