import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from './replica.js';
import { never, StateTable } from './state-table.js';

interface Modelled {
  readonly known: boolean;
  readonly suppressed: boolean;
  readonly states: readonly number[];
  readonly ends: readonly number[];
}

// The high word says where a person belongs: with so few of them nearly everybody collides, and the last place wraps around.
const highs = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const lows = [0, 1, 0x8000_0000, 0xffff_ffff];
const most = 70;

const step = fc.record({
  high: fc.constantFrom(...highs),
  low: fc.constantFrom(...lows),
  widenTo: fc.option(fc.integer({ min: 1, max: most }), { freq: 3 }),
  known: fc.boolean(),
  suppressed: fc.boolean(),
  states: fc.array(fc.nat(8), { maxLength: most }),
  ends: fc.array(fc.tuple(fc.nat(most - 1), fc.integer({ min: 90, max: 110 })), { maxLength: 6 }),
});

function modelled(given: Omit<Modelled, 'ends'>, ends: ReadonlyMap<number, number>, purposes: number) {
  const numbers = Array.from({ length: purposes }, (_, purpose) => purpose);
  return {
    known: given.known,
    suppressed: given.suppressed,
    states: numbers.map((purpose) => given.states[purpose] ?? 0),
    ends: numbers.map((purpose) => ends.get(purpose) ?? never),
  };
}

function packed({ known, suppressed, states, ends }: Modelled, purposes: number) {
  const travelling = states.map((code, purpose) => {
    const end = ends[purpose] ?? never;
    return [purpose, code, end === never ? null : end] as const;
  });
  return pack({ known, suppressed, states: travelling }, purposes);
}

function expectSame(table: StateTable, model: ReadonlyMap<string, Modelled>, purposes: number) {
  expect(table.size).toBe(model.size);
  for (const high of highs)
    for (const low of lows) {
      const expected = model.get(`${high}.${low}`);
      const at = table.find(high, low);
      expect(at >= 0).toBe(expected !== undefined);
      if (expected === undefined) continue;
      expect([table.isKnown(at), table.isSuppressed(at)]).toEqual([expected.known, expected.suppressed]);
      for (let purpose = 0; purpose < purposes; purpose += 1) {
        const end = expected.ends[purpose] ?? never;
        expect(table.state(at, purpose)).toBe(expected.states[purpose] ?? 0);
        for (const seconds of [89, 95, 100, 105, 110])
          expect(table.hasEnded(at, purpose, seconds)).toBe(seconds >= end);
      }
    }
}

describe('the table of states', () => {
  it('knows of everybody what a Map would, through collisions, growth, replaced ends and more purposes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new StateTable(3, 2);
        const model = new Map<string, Modelled>();
        let purposes = 3;
        for (const { high, low, widenTo, ends, ...given } of steps) {
          purposes = Math.max(purposes, widenTo ?? 0);
          table.widen(purposes);
          const person = modelled(given, new Map(ends.filter(([purpose]) => purpose < purposes)), purposes);
          table.set(high, low, packed(person, purposes));
          model.set(`${high}.${low}`, person);
        }
        expectSame(table, model, purposes);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps thousands apart who belong in one place', () => {
    const table = new StateTable(1, 2);
    const codeOf = (low: number) => 1 + (low % 7);
    for (let low = 0; low < 3_000; low += 1)
      table.set(
        0xffff_ffff,
        low,
        pack({ known: true, suppressed: false, states: [[0, codeOf(low), low]] }, 1),
      );
    for (let low = 0; low < 3_000; low += 1) {
      const at = table.find(0xffff_ffff, low);
      expect(table.state(at, 0)).toBe(codeOf(low));
      expect([table.hasEnded(at, 0, low - 1), table.hasEnded(at, 0, low)]).toEqual([false, true]);
    }
    expect(table.find(0xffff_ffff, 3_000)).toBe(-1);
    expect(table.find(0, 0)).toBe(-1);
  });

  it('forgets ends that were replaced', () => {
    const table = new StateTable(40, 10);
    for (let round = 0; round < 200_000; round += 1)
      table.set(round % 5, 0, pack({ known: true, suppressed: false, states: [[39, 1, 1_000 + round]] }, 40));
    expect(table.bytes).toBeLessThan(2_000_000);
    expect(table.hasEnded(table.find(4, 0), 39, 200_998)).toBe(false);
    expect(table.hasEnded(table.find(4, 0), 39, 200_999)).toBe(true);
  });
});
