import { describe, expect, it } from 'vitest';
import type { DependencyCode } from '#kernel';
import { afterCall, circuitState, closedCircuit, type Circuit } from './circuit.js';

const start = new Date('2026-06-15T12:00:00.000Z');
const after = (milliseconds: number) => new Date(start.getTime() + milliseconds);
const told = (circuit: Circuit, error: DependencyCode | undefined, now = start, jitter = 1) =>
  afterCall(circuit, error, { now, jitter });
const failed = (times: number, now = start) => {
  let circuit = closedCircuit;
  for (let time = 0; time < times; time++) circuit = told(circuit, 'unreachable', now);
  return circuit;
};

describe('a circuit', () => {
  it.each(['unreachable', 'timeout', 'rate_limited', 'quota_exhausted'] as const)(
    'opens for half a minute after three calls in a row that failed with %s',
    (error) => {
      const twice = told(told(closedCircuit, error), error);
      expect(circuitState(twice, start)).toBe('closed');
      const circuit = told(twice, error);
      expect(circuit).toEqual({ failures: 3, trips: 1, openedAt: start, error, nextTry: after(30_000) });
      expect(circuitState(circuit, after(29_999))).toBe('open');
      expect(circuitState(circuit, after(30_000))).toBe('half_open');
    },
  );

  it.each(['unauthorized', 'invalid_config', 'not_supported', 'conflict', 'unexpected_response'] as const)(
    'does not open for %s, which says that the store is there',
    (error) => {
      let circuit = failed(2);
      for (let time = 0; time < 10; time++) circuit = told(circuit, error);
      expect(circuit).toEqual(closedCircuit);
    },
  );

  it('counts calls in a row only', () => {
    expect(told(told(failed(2), undefined), 'unreachable')).toMatchObject({ failures: 1, nextTry: null });
  });

  it('closes with a success, whatever it was before', () => {
    for (const times of [0, 1, 2, 3, 20]) expect(told(failed(times), undefined)).toEqual(closedCircuit);
  });

  it('waits twice as long after each try that failed, up to a quarter of an hour', () => {
    let circuit = failed(3);
    const waits = [];
    for (let trip = 0; trip < 8; trip++) {
      const now = circuit.nextTry ?? start;
      circuit = told(circuit, 'timeout', now);
      waits.push(((circuit.nextTry?.getTime() ?? 0) - now.getTime()) / 1_000);
    }
    expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900, 900]);
    expect(circuit.openedAt).toEqual(start);
  });

  it('waits a random part less, at most half', () => {
    const least = told(failed(2), 'timeout', start, 0);
    expect(least.nextTry).toEqual(after(15_000));
  });

  it('does not wait longer for calls that were under way when it opened', () => {
    const open = failed(3);
    expect(told(open, 'timeout', after(1_000))).toEqual({ ...open, failures: 4, error: 'timeout' });
  });
});
