import { setTimeout as pause } from 'node:timers/promises';
import { checkCheckpoints } from './checks/check-ledger.js';
import type { Rig } from './rig/rig.js';
import { perform } from './steps/index.js';
import { subjectOf, Violations, World } from './world.js';

const ann = 'canary-person-0';
const bob = 'canary-person-1';
const erase = (person: string) => ({ do: 'erase', with: { people: [person] } });
/** More than enough for the integrator to have tried again and again. */
const lookFor = 4_000;

/**
 * Lethe's own database comes back from a copy that is older than what its log has published. It may not know of it what it
 * has lost, but it must not begin a second history: whatever was published stays true, and nothing is published that contradicts it.
 */
export async function restoreOldDatabase(rig: Rig): Promise<void> {
  const world = await World.create(rig, false);
  try {
    await perform(world, erase(ann));
    await world.settle();
    await rig.copyDatabase('save');
    await perform(world, erase(bob));
    await world.settle();
    const { records, ...before } = await world.facts();
    await rig.copyDatabase('restore');
    // Entries that take the numbers of those that are lost, and more: refused or not, they are no part of the log.
    for (let more = 0; more < 40; more++)
      await world.api.post('/v1/consents', {
        subject: subjectOf(bob),
        purpose: 'training',
        action: more % 2 === 0 ? 'grant' : 'withdraw',
      });
    await pause(lookFor);
    const { checkpoints } = await world.facts();
    const faults = checkCheckpoints({ ...before, records, checkpoints });
    if (faults.length > 0) throw new Violations(faults);
    if (!rig.said().includes('ledger.behind_checkpoint'))
      throw new Violations(['P6: nobody has noticed that the database is older than its log']);
  } finally {
    await world.close();
  }
}
