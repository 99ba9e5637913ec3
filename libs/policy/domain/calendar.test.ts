import { describe, expect, it } from 'vitest';
import { addDuration, cutOff } from './calendar.js';

describe('calendar arithmetic', () => {
  it.each([
    ['2026-01-31T10:00:00Z', 'P1M', '2026-02-28T10:00:00.000Z'],
    ['2028-01-31T10:00:00Z', 'P1M', '2028-02-29T10:00:00.000Z'],
    ['2026-12-31T23:59:59Z', 'P1M', '2027-01-31T23:59:59.000Z'],
    ['2024-02-29T00:00:00Z', 'P1Y', '2025-02-28T00:00:00.000Z'],
    ['2026-03-01T00:00:00Z', 'P45D', '2026-04-15T00:00:00.000Z'],
  ])('%s plus %s is %s', (at, duration, expected) => {
    expect(addDuration(new Date(at), duration).toISOString()).toBe(expected);
  });

  it.each([
    ['2026-03-31T00:00:00Z', 'P1M', '2026-02-28T00:00:00.000Z'],
    ['2024-02-29T12:00:00Z', 'P4Y', '2020-02-29T12:00:00.000Z'],
    ['2026-11-22T00:00:00Z', 'P20Y', '2006-11-22T00:00:00.000Z'],
    ['2026-11-22T00:00:00Z', 'PT12H', '2026-11-21T12:00:00.000Z'],
  ])('signals kept %s on %s are due before %s', (now, keep, expected) => {
    expect(cutOff(new Date(now), keep).toISOString()).toBe(expected);
  });
});
