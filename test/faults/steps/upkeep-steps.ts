import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { faultPoints } from '#platform/faults';
import { unsettled } from '../records.js';
import { accepted } from '../world.js';
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
    await world.rig.look(
      'update stores set compaction_due_at = now() where tenant_id = $1 and compaction_due_at is not null',
      [world.tenant],
    );
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
