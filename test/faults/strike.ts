import type { FaultPoint } from '#platform/faults';
import type { Signal } from './rig/actor.js';
import type { Step } from './steps/step.js';

const [ann, bob] = ['canary-person-0', 'canary-person-1'];
const step = (name: string, args: Step['with'] = {}): Step => ({ do: name, with: args });
const day = 86_400_000;
const datasets = ['rows/ratings', 'lake/events'];
const ingest = (person: string | undefined, age: number): readonly Step[] =>
  datasets.map((dataset) => step('ingest', { person, dataset, rows: 3, age, purposes: ['recommendations'] }));
const written = [...ingest(ann, 0), ...ingest(bob, 0), ...ingest(bob, 90 * day)];
const erased = [...written, step('erase', { people: [ann] }), step('until-settled')];

/** What leads past a point, before it is armed and after. */
const ways: Partial<Readonly<Record<FaultPoint, readonly [readonly Step[], readonly Step[]]>>> = {
  'rescan.planned': [
    [...erased, step('replay', { person: ann, dataset: 'rows/ratings' })],
    [step('rescan', { store: 0 })],
  ],
  'store.swept': [written, [step('sweep')]],
  'store.read-again': [erased, [step('read-back')]],
  'store.compacted': [erased, [step('compact')]],
};
const usual = [written, [step('erase', { people: [ann] })]] as const;

/** Steps that end with a worker killed, or stalled past its lease, at exactly this point, in the middle of its work. */
export function stepsTo(point: FaultPoint, signal: Signal): readonly Step[] {
  const [before, after] = ways[point] ?? usual;
  const arm = step(signal === 'SIGKILL' ? 'kill-at' : 'stall-at', { point });
  return [...before, arm, ...after, step('until-struck', { point })];
}
