import { describe, expect, it } from 'vitest';
import { Distinct } from './distinct.js';

describe('rows that say the same', () => {
  it('have one place, whether they follow each other or not', () => {
    const rows = new Distinct();
    const at = new Date(0);
    const say = [
      { a: 1, b: null, at },
      { a: 1, b: null, at },
      { a: 1, b: null, at: new Date(0) },
      { a: 1, b: ['x', 'y'], at },
      { a: 1, b: ['x,y'], at },
      { a: '1', b: null, at },
      { a: 1, b: null, at: new Date(1) },
      { a: 1, b: null, at },
    ];
    expect(say.map((row) => rows.placeOf(row))).toEqual([1, 1, 1, 2, 3, 4, 5, 1]);
    expect(JSON.parse(rows.json())).toEqual(
      [say[0], say[3], say[4], say[5], say[6]].map((row) => JSON.parse(JSON.stringify(row)) as unknown),
    );
  });

  it('are none where there were none', () => {
    expect(new Distinct().json()).toBe('[]');
  });
});
