import { describe, expect, it } from 'vitest';
import type { Backlog } from '#enforcement';
import { Log, Metrics } from '#platform/telemetry';
import { MeasureWork } from './measure-work.js';

const start = new Date('2026-06-15T12:00:00.000Z');
const after = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const idle: Backlog = {
  ageSeconds: 0,
  overdue: 0,
  near: 0,
  types: [],
  heldUp: { circuit_open: 0, circuit_half_open: 0, paused: 0, draining: 0 },
};

function measuring() {
  let backlog = idle;
  const lines: string[] = [];
  const metrics = new Metrics();
  const log = Log.to('test', 'info', { write: (line) => void lines.push(line) });
  const measure = new MeasureWork({ backlog: async () => Promise.resolve(backlog) } as never, metrics, log);
  const at = async (now: Date, found: Partial<Backlog>) => {
    backlog = { ...idle, ...found };
    await measure.execute(now);
  };
  return { at, lines, text: () => metrics.registry.metrics() };
}

describe('measuring the work', () => {
  it('warns of what is near its deadline or past it, once an hour at most', async () => {
    const { at, lines } = measuring();
    await at(start, {});
    expect(lines).toEqual([]);
    for (const minutes of [1, 2, 30, 60]) await at(after(minutes), { near: 3 });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'warn', near: 3, overdue: 0 },
    ]);
    await at(after(61), { overdue: 1 });
    expect(lines).toHaveLength(2);
    await at(after(200), {});
    expect(lines).toHaveLength(2);
  });

  it('shows each type of store, and forgets one of which nothing is open', async () => {
    const { at, text } = measuring();
    await at(start, { types: [{ type: 'postgres', open: 4, ageSeconds: 7 }] });
    expect(await text()).toContain('lethe_obligations_open{store_type="postgres"} 4');
    expect(await text()).toContain('lethe_obligations_oldest_seconds{store_type="postgres"} 7');
    await at(start, { heldUp: { ...idle.heldUp, circuit_open: 2 } });
    expect(await text()).not.toContain('store_type="postgres"');
    expect(await text()).toContain('lethe_stores_held_up{why="circuit_open"} 2');
  });
});
