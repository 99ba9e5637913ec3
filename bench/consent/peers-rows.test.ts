import { describe, expect, it } from 'vitest';
import { ratioRows, type PeerFigure } from './peers-rows.js';

const theirs: PeerFigure = {
  peer: 'casbin 1.0.0',
  question: 'may',
  name: 'roles: questions',
  value: 50_000,
  unit: '/s',
  spread: 0.25,
  note: 'loaded in 1 s',
};

describe('ratioRows', () => {
  it('puts ours over theirs', () => {
    const ours = { may: { name: 'may, 1,000,000 subjects', value: 3_000_000, unit: '/s', spread: 0.125 } };
    expect(ratioRows([theirs], ours)).toEqual([
      {
        name: 'casbin 1.0.0, roles: questions',
        value: 3_000_000,
        unit: '/s',
        floor: 50_000,
        ratio: 60,
        target: null,
        ok: null,
        spread: 0.375,
        note: 'ours: may, 1,000,000 subjects; loaded in 1 s',
      },
    ]);
  });

  it('shows theirs alone where we have none for that question', () => {
    const ours = { record: { name: 'write', value: 20_000, unit: '/s', spread: 0 } };
    expect(ratioRows([theirs], ours)).toEqual([
      expect.objectContaining({
        value: 50_000,
        floor: null,
        ratio: null,
        spread: 0.25,
        note: 'loaded in 1 s',
      }),
    ]);
  });

  it('refuses to compare different units', () => {
    const ours = { may: { name: 'may', value: 300, unit: 'ns', spread: 0 } };
    expect(() => ratioRows([theirs], ours)).toThrow(RangeError);
  });
});
