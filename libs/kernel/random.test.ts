import { describe, expect, it } from 'vitest';
import { systemIds } from './ids.js';
import { random } from './random.js';

describe('random bytes', () => {
  it('are as many as asked for, and none is given away twice', () => {
    const given = [0, 1, 12, 16, 20_000, 16_384, ...Array.from({ length: 5_000 }, () => 12)].map((length) => {
      const bytes = random(length);
      expect(bytes).toHaveLength(length);
      return { bytes, hex: bytes.toString('hex') };
    });
    // Later ones have not written over earlier ones.
    for (const { bytes, hex } of given) expect(bytes.toString('hex')).toBe(hex);
    const long = given.filter(({ bytes }) => bytes.length >= 12).map(({ hex }) => hex);
    expect(new Set(long).size).toBe(long.length);
    const spread = new Uint8Array(random(65_536));
    expect(new Set(spread).size).toBe(256);
  });
});

describe('ids for rows', () => {
  it('ascend, also within a millisecond, and tell the time at which they were made', () => {
    const before = Date.now();
    const ids = Array.from({ length: 20_000 }, () => systemIds.next());
    expect(ids).toEqual([...new Set(ids)].sort());
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const at = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now() + 1);
    }
  });
});
