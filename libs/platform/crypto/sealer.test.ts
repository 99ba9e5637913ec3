import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHash, Sealer } from './index.js';

const master = Buffer.alloc(32, 7);

describe('sealing', () => {
  it('opens what it sealed, in the same context only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.string(), (bytes, context, other) => {
        const sealer = new Sealer(master);
        const sealed = sealer.seal(Buffer.from(bytes), context);
        expect(sealer.open(sealed, context)).toEqual(Buffer.from(bytes));
        if (other !== context) expect(() => sealer.open(sealed, other)).toThrow();
      }),
    );
  });

  it('refuses a value with any one bit changed', () => {
    const sealer = new Sealer(master);
    const sealed = sealer.seal(Buffer.from('account 42'), 'tenant');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
      expect(() => sealer.open(altered, 'tenant')).toThrow();
    }
  });

  it('seals the same value to different bytes each time', () => {
    const sealer = new Sealer(master);
    expect(sealer.seal(Buffer.from('x'), 'c')).not.toEqual(sealer.seal(Buffer.from('x'), 'c'));
  });
});

describe('keyed hashes', () => {
  it('differ for different keys and for parts split differently', () => {
    const hash = new KeyedHash(master);
    expect(hash.of('ab', 'c')).not.toEqual(hash.of('a', 'bc'));
    expect(hash.of('ab')).not.toEqual(new KeyedHash(Buffer.alloc(32, 8)).of('ab'));
    expect(hash.of('ab', 'c')).toEqual(hash.of('ab', 'c'));
  });
});
