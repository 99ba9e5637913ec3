import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDuration, cutOff, dueFrom, neverBelow } from './calendar.js';

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

const duration = fc
  .tuple(fc.nat(3), fc.nat(14), fc.nat(40), fc.nat(30))
  .filter((parts) => parts.some((part) => part > 0))
  .map(([years, months, days, hours]) => `P${years}Y${months}M${days}DT${hours}H`);
const moment = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2032-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('the moment from which something is due', () => {
  it.each([
    ['2026-01-15T10:00:00Z', 'P1M', '2026-02-15T10:00:00.001Z'],
    ['2026-01-31T10:00:00Z', 'P1M', '2026-03-01T00:00:00.000Z'],
    ['2024-01-30T10:00:00Z', 'P1M', '2024-03-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', 'P1Y', '2025-03-01T00:00:00.000Z'],
    ['2026-03-01T00:00:00Z', 'P30D', '2026-03-31T00:00:00.001Z'],
  ])('of what was collected on %s and is kept for %s is %s', (from, keep, expected) => {
    expect(dueFrom(new Date(from), keep).toISOString()).toBe(expected);
  });

  it('is when the cut-off first passes it: due then, and not a millisecond before', () => {
    fc.assert(
      fc.property(moment, duration, (from, keep) => {
        const due = dueFrom(from, keep);
        expect(cutOff(due, keep) > from).toBe(true);
        expect(cutOff(new Date(due.getTime() - 1), keep) > from).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('periods compared', () => {
  it.each([
    ['P12M', 'P1Y', true],
    ['P1Y', 'P12M', true],
    ['P1M', 'P28D', true],
    ['P1M', 'P29D', false],
    ['P31D', 'P1M', true],
    ['P30D', 'P1M', false],
    ['P1Y', 'P365D', true],
    ['P1Y', 'P366D', false],
    ['P52W', 'P1Y', false],
    ['PT24H', 'P1D', true],
    ['P2M', 'P59D', true],
    ['P2M', 'P60D', false],
    ['P100Y', 'P1D', true],
    ['P1D', 'P100Y', false],
  ])('%s is never shorter than %s: %s', (period, least, expected) => {
    expect(neverBelow(period, least)).toBe(expected);
  });

  it('are ordered as adding them says, from any day', () => {
    fc.assert(
      fc.property(moment, duration, duration, (from, a, b) => {
        if (neverBelow(a, b))
          expect(addDuration(from, a).getTime()).toBeGreaterThanOrEqual(addDuration(from, b).getTime());
        expect(neverBelow(a, a)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
