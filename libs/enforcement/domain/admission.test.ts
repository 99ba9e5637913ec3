import { describe, expect, it } from 'vitest';
import { admit, isOrdinary, type Pause, type StoreControl } from './admission.js';
import { closedCircuit } from './circuit.js';
import { fullPace } from './pace.js';

const now = new Date('2026-06-15T12:00:00.000Z');
const at = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const plain: StoreControl = { circuit: closedCircuit, pause: null, pace: fullPace };
const pause: Pause = { at: at(-1_000), by: 'somebody', reason: 'maintenance', draining: false };
const tripped = (nextTry: Date) => ({
  failures: 3,
  trips: 1,
  openedAt: at(-60_000),
  error: 'timeout',
  nextTry,
});
const all = { most: 5_000, plannedUntil: null, probing: false };

describe('what a batch may take of a store', () => {
  it.each([
    ['all of it', plain, {}, all],
    ['nothing while it is paused', { ...plain, pause }, {}, undefined],
    [
      'what was planned before while it is draining',
      { ...plain, pause: { ...pause, draining: true } },
      {},
      { ...all, plannedUntil: pause.at },
    ],
    ['nothing while its circuit is open', { ...plain, circuit: tripped(at(1)) }, {}, undefined],
    [
      'ten when it is time to try again',
      { ...plain, circuit: tripped(now) },
      {},
      { ...all, most: 10, probing: true },
    ],
    ['nothing to try while it is paused', { ...plain, circuit: tripped(now), pause }, {}, undefined],
    ['nothing outside of its window', plain, { window: '22-06' }, undefined],
    ['all of it within its window', plain, { window: '06-22' }, all],
    ['no more than its pace allows', { ...plain, pace: { size: 30, baseline: 1 } }, {}, { ...all, most: 30 }],
    ['no more than may go in a second', plain, { rowsPerSecond: 50 }, { ...all, most: 50 }],
    [
      'no more than a batch takes, though it only tries',
      { ...plain, circuit: tripped(now) },
      {},
      { ...all, most: 5, probing: true },
      5,
    ],
  ] as const)('is %s', (_, control, rule, admission, most?: number) => {
    expect(admit(control, rule, now, most)).toEqual(admission);
  });

  it('goes by deadline alone where nothing is special', () => {
    expect(isOrdinary(all, 5_000)).toBe(true);
    expect(isOrdinary({ ...all, most: 1_999 }, 5_000)).toBe(false);
    expect(isOrdinary({ ...all, plannedUntil: now }, 5_000)).toBe(false);
    expect(isOrdinary({ ...all, probing: true }, 5_000)).toBe(false);
  });
});
