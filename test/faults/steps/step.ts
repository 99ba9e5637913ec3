import fc from 'fast-check';
import type { World } from '../world.js';

/** One thing that is done to a system. Plain data, so that a run can be printed, shrunk, kept and repeated. */
export interface Step {
  readonly do: string;
  readonly with: Readonly<Record<string, unknown>>;
}

/** A kind of step: how chance makes one, and what it does. */
export interface StepKind {
  readonly name: string;
  /** How often it is made, compared with others. */
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Step>;
  perform(world: World, step: Step): Promise<void>;
}

export function defineStep<Args extends Readonly<Record<string, unknown>>>(
  name: string,
  weight: number,
  args: { readonly [K in keyof Args]: fc.Arbitrary<Args[K]> },
  perform: (world: World, args: Args) => Promise<void> | void,
): StepKind {
  return {
    name,
    weight,
    arbitrary: fc.record({ do: fc.constant(name), with: fc.record(args) as fc.Arbitrary<Args> }),
    perform: async (world, step) => {
      await perform(world, step.with as Args);
    },
  };
}
