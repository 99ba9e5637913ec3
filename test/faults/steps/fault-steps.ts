import fc from 'fast-check';
import { faultPoints } from '#platform/faults';
import { mishaps, weathers } from '../rig/link.js';
import { actorNames, linkNames } from '../rig/rig.js';
import { defineStep } from './step.js';

// The API starts slowest, and has least to lose.
const actor = fc.constantFrom(...actorNames, 'worker-a' as const, 'worker-b' as const);
const point = fc.constantFrom(...faultPoints);
const link = fc.constantFrom(...linkNames);
const minute = 60_000;

/** What goes wrong. */
export const faultSteps = [
  defineStep('kill', 14, { actor }, (world, args) => {
    world.rig.kill(args.actor);
  }),
  defineStep('kill-at', 10, { point }, (world, args) => {
    world.rig.arm(args.point, 'SIGKILL');
  }),
  defineStep('stall', 1, { actor }, (world, args) => {
    world.rig.stall(args.actor);
  }),
  defineStep('stall-at', 2, { point }, (world, args) => {
    world.rig.arm(args.point, 'SIGSTOP');
  }),
  defineStep(
    'kill-database',
    3,
    {
      which: fc.constantFrom('database' as const, 'host' as const),
      how: fc.constantFrom('server' as const, 'connection' as const),
    },
    (world, { which, how }) => world.rig.killDatabase(which, how),
  ),
  defineStep('cut', 2, { link }, (world, args) => {
    world.rig.links[args.link].cut();
  }),
  defineStep('mishap', 6, { link, mishap: fc.constantFrom(...mishaps) }, (world, args) => {
    world.rig.links[args.link].expect(args.mishap);
  }),
  defineStep(
    'weather',
    2,
    { link, weather: fc.constantFrom(...weathers), milliseconds: fc.integer({ min: 100, max: 1_500 }) },
    (world, args) => {
      world.rig.links[args.link].change(args.weather, args.milliseconds);
    },
  ),
  defineStep('kill-redis', 2, {}, (world) => world.rig.killRedis()),
  defineStep('wipe-queue', 1, {}, (world) => world.rig.wipeQueue()),
  defineStep('clock', 1, { actor, by: fc.constantFrom(-minute, minute) }, (world, args) => {
    world.skew = minute;
    world.rig.shiftClock(args.actor, args.by);
  }),
];
