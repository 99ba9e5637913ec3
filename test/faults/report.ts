import Table from 'cli-table3';
import type { Failure } from './campaign.js';
import type { Rig } from './rig/rig.js';
import { describeStep } from './steps/index.js';

/** Fault by fault: how often, how often recovered from, and how long that took. */
export function renderTally({ tally }: Pick<Rig, 'tally'>): string {
  const table = new Table({
    head: ['fault', 'injected', 'recovered', 'median s', 'longest s'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const { fault, injected, recovered, times } of tally.rows) {
    const sorted = times.toSorted((a, b) => a - b);
    const seconds = (time: number | undefined) => (time === undefined ? '' : (time / 1_000).toFixed(1));
    table.push([
      fault,
      injected,
      recovered,
      seconds(sorted[Math.floor(sorted.length / 2)]),
      seconds(sorted.at(-1)),
    ]);
  }
  return table.toString();
}

/** Everything that somebody needs who is to find out why. */
export function describeFailure(failure: Failure, rig: Pick<Rig, 'folder' | 'redis'>): string {
  const { seed, path, steps, original, violations } = failure;
  const list = (some: typeof steps) =>
    some.map((step, index) => `  ${index + 1}. ${describeStep(step)}`).join('\n');
  const again = `npm run faults -- --seed ${seed} --runs 1${rig.redis === undefined ? '' : ' --redis'}`;
  return [
    `seed ${seed}: ${violations}`,
    ...(steps.length < original.length ? [`The run, shrunk from ${original.length} steps:`] : ['The run:']),
    list(steps),
    ...(steps.length < original.length ? ['As it was:', list(original)] : []),
    `Logs: ${rig.folder}`,
    `Again: ${again}${path === '0' ? '' : ` --path ${path}`}`,
  ].join('\n');
}
