import { describe, expect, it } from 'vitest';
import { isInWindow, restUntil } from './lane-rule.js';

const at = (time: string) => new Date(`2026-06-15T${time}Z`);

describe('a window', () => {
  it.each([
    ['22-06', '21:59:59.999', false],
    ['22-06', '22:00:00.000', true],
    ['22-06', '23:59:59.999', true],
    ['22-06', '00:00:00.000', true],
    ['22-06', '05:59:59.999', true],
    ['22-06', '06:00:00.000', false],
    ['01-05', '00:59:59.999', false],
    ['01-05', '01:00:00.000', true],
    ['01-05', '04:59:59.999', true],
    ['01-05', '05:00:00.000', false],
    ['00-23', '23:00:00.000', false],
    ['07-07', '12:00:00.000', true],
    [undefined, '12:00:00.000', true],
  ])('of %s at %s: %s', (window, time, open) => {
    expect(isInWindow(window, at(time))).toBe(open);
  });
});

describe('a rest', () => {
  const started = at('12:00:00.000');
  it.each([
    ['no rate, no rest', undefined, 1_000, undefined, undefined],
    ['no rows, no rest', 10, 0, undefined, undefined],
    ['as long as the rows may take from the start of the call', 100, 250, undefined, at('12:00:02.500')],
    ['never less than the rate asks for', 3, 1, undefined, at('12:00:00.334')],
    ['added to the rest of a call at the same time', 100, 100, at('12:00:04.000'), at('12:00:05.000')],
    ['counted from the call when an earlier rest is over', 100, 100, at('11:59:00.000'), at('12:00:01.000')],
    ['of before, when nothing was removed', 100, 0, at('12:00:04.000'), at('12:00:04.000')],
  ])('is %s', (_, rate, rows, before, until) => {
    expect(restUntil(rate, rows, { started, before })).toEqual(until);
  });
});
