import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { faultPoints } from '#platform/faults';
import { datasetsOf, unsettled } from '../records.js';
import type { Held } from '../model.js';
import { accepted, people, subjectOf, type World } from '../world.js';
import { defineStep } from './step.js';

/** What whoever runs Lethe asks of it, and time that passes. */
export const upkeepSteps = [
  defineStep('rescan', 1, { store: fc.nat({ max: 2 }) }, async (world, { store }) => {
    const { dataset } = world.stores[store % world.stores.length]!;
    await world.askForRescan(dataset.split('/')[0]!);
  }),
  defineStep('sweep', 1, {}, async (world) => {
    const answer = await world.api.post('/v1/retention/sweeps', { dryRun: false });
    const { runId } = accepted(answer, 202) as { runId: string };
    world.model.sweeps.push({ id: runId, store: '*', from: answer.from, to: answer.to });
  }),
  /** What is owed is due minutes later; here it is due now. */
  defineStep('compact', 1, {}, async (world) => {
    await world.compact();
  }),
  /** The same for what is read back after a day. */
  defineStep('read-back', 1, {}, async (world) => {
    await world.readBack();
  }),
  defineStep('hold-person', 1, { person: fc.constantFrom(...people) }, async (world, { person }) => {
    await hold(world, { subjects: [subjectOf(person)] }, (_, signal) => signal.person === person);
  }),
  defineStep('hold-dataset', 1, { dataset: fc.nat({ max: 2 }) }, async (world, { dataset }) => {
    const { dataset: name } = world.stores[dataset % world.stores.length]!;
    await hold(world, { datasets: [name] }, (one) => one === name);
  }),
  defineStep('lift', 2, {}, async (world) => {
    const [first] = world.model.holds;
    if (first !== undefined) await world.lift(first);
  }),
  defineStep('pause', 6, { milliseconds: fc.integer({ min: 1, max: 400 }) }, async (_, { milliseconds }) => {
    await wait(milliseconds);
  }),
  // Chance makes none of these.
  defineStep('until-struck', 0, { point: fc.constantFrom(...faultPoints) }, async (world, { point }) => {
    await world.until(`somebody to be struck at ${point}`, () => Promise.resolve(world.wasStruck(point)));
  }),
  defineStep('until-settled', 0, {}, async ({ rig, tenant, until }) => {
    await until('everything to settle', async () => (await unsettled(rig, tenant)).length === 0);
  }),
];

/** What was in a batch when the hold was placed may still go; whoever places it is told. */
async function hold(world: World, scope: object, covers: Held['covers']): Promise<void> {
  const wanted = { basis: 'legal_claims', matter: 'run', reason: 'A run holds it', scope };
  const answer = accepted(await world.api.post('/v1/holds', wanted), 201) as {
    readonly id: string;
    readonly inFlight: readonly { readonly obligationIds: readonly string[] }[];
  };
  const going = await datasetsOf(
    world.rig,
    answer.inFlight.flatMap(({ obligationIds }) => obligationIds),
  );
  const there = new Map<string, Awaited<ReturnType<(typeof world.stores)[number]['read']>>>();
  for (const store of world.stores)
    if (!going.has(store.dataset)) there.set(store.dataset, await store.read());
  world.model.holds = [...world.model.holds, { id: answer.id, covers, there }];
}
