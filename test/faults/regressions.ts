import type { Step } from './steps/step.js';

const ann = 'canary-person-0';
const step = (name: string, args: Step['with'] = {}): Step => ({ do: name, with: args });
const says = (action: 'grant' | 'withdraw') => step(action, { person: ann, purpose: 'recommendations' });
const collected = [
  says('grant'),
  ...['rows/ratings', 'lake/events'].map((dataset) =>
    step('ingest', { person: ann, dataset, rows: 3, age: 0, purposes: ['recommendations'] }),
  ),
];

/** Runs that once failed, in the shortest form that did. What they found is fixed, and stays so. */
export const regressions: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: 'what was erased by a worker that died is not told to be untouched when it is allowed again',
    steps: [
      ...collected,
      step('kill-at', { point: 'store.purged' }),
      says('withdraw'),
      step('until-struck', { point: 'store.purged' }),
      says('grant'),
    ],
  },
  {
    name: 'a worker that wakes after its lease erases nothing that was allowed again meanwhile',
    steps: [
      ...collected,
      step('stall-at', { point: 'batch.taken' }),
      says('withdraw'),
      step('until-struck', { point: 'batch.taken' }),
      says('grant'),
      step('pause', { milliseconds: 2_500 }),
    ],
  },
];
