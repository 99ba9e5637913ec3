import { judge } from './checks/judge.js';
import type { Rig } from './rig/rig.js';
import { describeStep, perform } from './steps/index.js';
import type { Step } from './steps/step.js';
import { Violations, World } from './world.js';

/** Does the steps to a tenant of its own, lets everything settle, and throws Violations of whatever is not as it must be. */
export async function runSteps(rig: Rig, steps: readonly Step[], withVectors = false): Promise<void> {
  const world = await World.create(rig, withVectors);
  try {
    for (const [index, step] of steps.entries())
      await perform(world, step).catch((error: unknown) => {
        throw new Violations([`at step ${index + 1}, ${describeStep(step)}: ${String(error)}`]);
      });
    await world.settle();
    const faults = judge(await world.facts());
    if (faults.length > 0) throw new Violations(faults);
  } finally {
    rig.heal();
    rig.setClocksRight();
    await world.close();
  }
}
