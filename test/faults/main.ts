import { randomInt } from 'node:crypto';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { redisMissing } from '../e2e/redis.js';
import { campaign } from './campaign.js';
import { describeFailure, renderTally } from './report.js';
import { neverStruck, Rig } from './rig/rig.js';

interface Options {
  readonly kills: number;
  readonly seed: number;
  readonly runs?: number;
  readonly path?: string;
  readonly redis?: boolean;
  readonly shrink: number;
}

const whole = (text: string) => {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
};

await new Command('faults')
  .description(
    'Breaks a whole Lethe on purpose, again and again, and checks after each run that it kept its promises.',
  )
  .option('--kills <number>', 'processes to kill before it ends', whole, 200)
  .option('--seed <number>', 'begin with this run', whole, randomInt(2 ** 31))
  .option('--runs <number>', 'end after so many runs', whole)
  .option('--path <path>', 'only the shrunk form of the run, as a failure printed it')
  .option('--redis', 'queues in a Redis of its own rather than in PostgreSQL')
  .option('--shrink <seconds>', 'how long to look for a shorter run that fails', whole, 300)
  .showHelpAfterError()
  .action(run)
  .parseAsync();

async function run({ kills, seed, shrink, redis, ...rest }: Options): Promise<void> {
  process.stdout.write(
    `seed ${seed}: npm run faults -- --kills ${kills} --seed ${seed}${redis === true ? ' --redis' : ''}\n`,
  );
  if (redis === true && redisMissing !== null) {
    process.stderr.write(`There is no Redis to break: ${redisMissing}.\n`);
    process.exitCode = 1;
    return;
  }
  const rig = await Rig.start({ redis: redis === true });
  const bar = new SingleBar({
    format: '{bar} {value}/{total} kills | {runs} runs | {duration_formatted}',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  const stop = () => {
    bar.stop();
    void rig.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let runs = 0;
  bar.start(kills, 0, { runs });
  const failure = await campaign(rig, {
    kills: rest.runs === undefined ? kills : Infinity,
    seed,
    shrinkFor: shrink * 1_000,
    progress: (killed) => {
      bar.update(Math.min(killed, kills), { runs: ++runs });
    },
    ...(rest.runs === undefined ? {} : { runs: rest.runs }),
    ...(rest.path === undefined ? {} : { path: rest.path, runs: 1 }),
  });
  bar.stop();
  process.stdout.write(`${renderTally(rig)}\n`);
  const missed = neverStruck(rig);
  if (missed.length > 0) process.stdout.write(`Nobody died or stalled at ${missed.join(', ')}.\n`);
  if (failure === undefined)
    process.stdout.write(`Every promise was kept, through ${rig.tally.kills} kills.\n`);
  else process.stdout.write(`${describeFailure(failure, rig)}\n`);
  await rig.stop(failure !== undefined);
  process.exitCode = failure === undefined ? 0 : 1;
}
