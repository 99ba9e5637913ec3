import { assert, bigInt, constantFrom, date, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochAtOrBefore, epochStrictlyBefore } from './moments.js';
import { readSelectors } from './selectors.js';

const asOf = new Date('2026-05-01T12:00:00Z');
const forms = constantFrom('epoch_seconds' as const, 'epoch_milliseconds' as const);
const moments = date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') });

describe('bounds for integer moments', () => {
  it('say of every stored count what the moment itself would say, before 1970 too', () => {
    assert(
      property(forms, moments, bigInt({ min: -3n, max: 3n }), (form, moment, away) => {
        const unit = form === 'epoch_seconds' ? 1_000n : 1n;
        const stored = BigInt(Math.floor(moment.getTime() / Number(unit))) + away;
        const milliseconds = stored * unit;
        expect(stored <= epochAtOrBefore(form, moment)).toBe(milliseconds <= BigInt(moment.getTime()));
        expect(stored < epochStrictlyBefore(form, moment)).toBe(milliseconds < BigInt(moment.getTime()));
      }),
    );
  });
});

describe('selectors', () => {
  it('answer in their order, one each, and zero only for keys that could have matched', () => {
    const { wanted, answer } = readSelectors(
      'integer',
      ['3', 'x', '4'].map((subject) => ({ subject, asOf })),
    );
    expect(wanted.map(({ index, key }) => [index, key])).toEqual([
      [0, '3'],
      [2, '4'],
    ]);
    expect(answer(new Map([[2, 5]]), new Map([[0, 'conflict']]))).toEqual([
      { subject: '3', failure: 'conflict' },
      { subject: 'x', failure: 'invalid_config' },
      { subject: '4', rows: 5 },
    ]);
  });

  it('take an integer in the one spelling that a store gives back, within 64 bits', () => {
    const taken = (subject: string) => readSelectors('integer', [{ subject, asOf }]).wanted.length === 1;
    assert(
      property(bigInt(), (value) => {
        expect(taken(String(value))).toBe(BigInt.asIntN(64, value) === value);
      }),
    );
    assert(
      property(string(), (text) => {
        if (taken(text)) expect(String(BigInt(text))).toBe(text);
      }),
    );
  });

  it('fail a person whose moment is no moment', () => {
    const { wanted } = readSelectors('text', [{ subject: 'a', asOf: new Date(Number.NaN) }]);
    expect(wanted).toEqual([]);
  });
});
