import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultPoints, type FaultPoint } from '#platform/faults';
import { skipReason } from '#testing';
import { redisMissing } from '../e2e/redis.js';
import { campaign } from './campaign.js';
import { regressions } from './regressions.js';
import { describeFailure, renderTally } from './report.js';
import { restoreOldDatabase } from './restored-database.js';
import { neverStruck, Rig } from './rig/rig.js';
import { runSteps } from './run-steps.js';
import { stepsTo } from './strike.js';

const said = process.env['FAULTS_SEED'] ?? '20261';
/** Every run breaks the same things, so that a change that fails is at fault itself. FAULTS_SEED=random breaks others. */
const seed = said === 'random' ? randomInt(2 ** 31) : Number(said);
const minutes = 60_000;

/** Where a lane is held: there a worker may also stall until the lane is somebody else's. */
const withinLane = faultPoints.slice(
  faultPoints.indexOf('lane.held'),
  faultPoints.indexOf('batch.settled') + 1,
);
const both = (point: FaultPoint) => [point] as const;

describe('a whole system with its queues in PostgreSQL', () => {
  let rig: Rig;
  let failed = false;
  beforeAll(async () => {
    rig = await Rig.start();
  }, 2 * minutes);
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(async () => {
    process.stderr.write(`${renderTally(rig)}\n`);
    await rig.stop(failed);
  }, minutes);

  it.each(faultPoints.map(both))(
    'keeps its promises when a worker is killed at %s',
    async (point) => {
      await runSteps(rig, stepsTo(point, 'SIGKILL'));
    },
    2 * minutes,
  );

  it.each(withinLane.map(both))(
    'keeps its promises when a worker stalls at %s until past its lease',
    async (point) => {
      await runSteps(rig, stepsTo(point, 'SIGSTOP'));
    },
    2 * minutes,
  );

  it('has been struck at every point', () => {
    expect(neverStruck(rig)).toEqual([]);
  });

  it.each(regressions)(
    'still sees to it that $name',
    async ({ steps }) => {
      await runSteps(rig, steps);
    },
    2 * minutes,
  );

  it(
    `keeps its promises, whatever happens (seed ${seed})`,
    async () => {
      const failure = await campaign(rig, { seed, kills: 140, shrinkFor: 2 * minutes });
      expect(failure && describeFailure(failure, rig)).toBeUndefined();
      expect(rig.tally.unrecovered).toEqual([]);
    },
    10 * minutes,
  );

  it(
    'begins no second history when its own database comes back from an old copy',
    async () => {
      // The last of all, because nothing is published any more afterwards.
      await restoreOldDatabase(rig);
    },
    2 * minutes,
  );
});

describe('a whole system with its queues in Redis', () => {
  const skipped = skipReason(
    redisMissing === null ? null : `the faults with queues in Redis: ${redisMissing}`,
  );
  let rig: Rig;
  beforeAll(async () => {
    if (!skipped) rig = await Rig.start({ redis: true });
  }, 2 * minutes);
  afterAll(async () => {
    if (!skipped) await rig.stop();
  }, minutes);

  it.skipIf(skipped)(
    `keeps its promises, whatever happens (seed ${seed})`,
    async () => {
      const failure = await campaign(rig, { seed: seed + 1_000, kills: 60, shrinkFor: 2 * minutes });
      expect(failure && describeFailure(failure, rig)).toBeUndefined();
      expect(rig.tally.unrecovered).toEqual([]);
    },
    10 * minutes,
  );
});
