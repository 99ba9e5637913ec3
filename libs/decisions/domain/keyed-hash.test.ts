import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHasher } from './keyed-hash.js';

const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const hex = ({ high, low }: { readonly high: number; readonly low: number }) =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');

/** By the length of the message 00 01 02 ..., as in vectors_sip64 of the reference implementation. */
const published = `
  726fdb47dd0e0e31 74f839c593dc67fd 0d6c8009d9a94f5a 85676696d7fb7e2d cf2794e0277187b7 18765564cd99a68d
  cbc9466e58fee3ce ab0200f58b01d137 93f5f5799a932462 9e0082df0ba9e4b0 7a5dbbc594ddb9f3 f4b32f46226bada7
  751e8fbc860ee5fb 14ea5627c0843d90 f723ca908e7af2ee a129ca6149be45e5 3f2acc7f57c29bdb 699ae9f52cbe4794
  4bc1b3f0968dd39c bb6dc91da77961bd bed65cf21aa2ee98 d0f2cbb02e3b67c7 93536795e3a33e88 a80c038ccd5ccec8
  b8ad50c6f649af94 bce192de8a85b8ea 17d835b85bbb15f3 2f2e6163076bcfad de4daaaca71dc9a5 a6a2506687956571
  ad87a3535c49ef28 32d892fad841c342 7127512f72f27cce a7f32346f95978e3 12e0b01abb051238 15e034d40fa197ae
  314dffbe0815a3b4 027990f029623981 cadcd4e59ef40c4d 9abfd8766a33735c 0e3ea96b5304a7d0 ad0c42d6fc585992
  187306c89bc215a9 d4a60abcf3792b95 f935451de4f21df2 a9538f0419755787 db9acddff56ca510 d06c98cd5c0975eb
  e612a3cb9ecba951 c766e62cfcadaf96 ee64435a9752fe72 a192d576b245165a 0a8787bf8ecb74b2 81b3e73d20b49b6f
  7fa8220ba3b2ecea 245731c13ca42499 b78dbfaf3a8d83bd ea1ad565322a1a0b 60e61c23a3795013 6606d7e446282b93
  6ca4ecb15c5f91e1 9f626da15c9625f3 e51b38608ef25f57 958a324ceb064572
`
  .trim()
  .split(/\s+/);

/** SipHash-2-4 of 00, 00 01, ... by 64-bit integers, to compare the pairs of words with. */
function reference(bytes: Uint8Array): string {
  const mask = (1n << 64n) - 1n;
  const turn = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask;
  const word = (part: Uint8Array) => part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const [k0, k1] = [word(key.subarray(0, 8)), word(key.subarray(8))];
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = () => {
    v0 = (v0 + v1) & mask;
    v2 = (v2 + v3) & mask;
    v1 = turn(v1, 13n) ^ v0;
    v3 = turn(v3, 16n) ^ v2;
    v0 = turn(v0, 32n);
    v2 = (v2 + v1) & mask;
    v0 = (v0 + v3) & mask;
    v1 = turn(v1, 17n) ^ v2;
    v3 = turn(v3, 21n) ^ v0;
    v2 = turn(v2, 32n);
  };
  const whole = bytes.length - (bytes.length % 8);
  const words = Array.from({ length: whole / 8 }, (_, at) => word(bytes.subarray(at * 8, at * 8 + 8)));
  words.push(word(bytes.subarray(whole)) | (BigInt(bytes.length & 0xff) << 56n));
  for (const message of words) {
    v3 ^= message;
    round();
    round();
    v0 ^= message;
  }
  v2 ^= 0xffn;
  for (let index = 0; index < 4; index += 1) round();
  return (v0 ^ v1 ^ v2 ^ v3).toString(16).padStart(16, '0');
}

describe('the keyed hash', () => {
  const hasher = new KeyedHasher(key);

  it('gives the published results for all 64 messages of the reference implementation', () => {
    const of = (length: number) => hex(hasher.ofBytes(Uint8Array.from({ length }, (_, index) => index)));
    expect(Array.from({ length: 64 }, (_, length) => of(length))).toEqual(published);
  });

  it('is SipHash-2-4 of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(hex(hasher.ofBytes(bytes))).toBe(reference(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('is of the type, a zero byte and the value in UTF-8, whatever was asked before', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ minLength: 900, maxLength: 6_000 }),
    );
    fc.assert(
      fc.property(fc.constantFrom('email', 'account_id', 'é', ''), texts, (type, value) => {
        const bytes = new TextEncoder().encode(`${type}\0${value}`);
        expect(hex(hasher.of(type, value))).toBe(reference(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('takes half of a surrogate pair for U+FFFD, as UTF-8 does', () => {
    const parts = fc.constantFrom('a', 'é', '\ud800', '\udc00', '\ud83d\ude00', 'user-1');
    fc.assert(
      fc.property(
        fc.constantFrom('email', 'account_id'),
        fc.array(parts, { maxLength: 900 }),
        (type, list) => {
          const value = list.join('');
          const bytes = new TextEncoder().encode(`${type}\0${value}`);
          expect(hex(hasher.of(type, value))).toBe(reference(bytes));
        },
      ),
    );
  });

  it('is the same at every length, whatever an earlier and longer value left behind', () => {
    for (const type of [
      '',
      'a',
      'abc',
      'abcdefg',
      'abcdefgh',
      'account_id',
      'x'.repeat(4_090),
      'y'.repeat(5_000),
    ])
      for (const length of [40, 23, 22, 21, 20, 19, 18, 17, 16, 15, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) {
        const value = 'z'.repeat(length);
        const bytes = new TextEncoder().encode(`${type}\0${value}`);
        expect(hex(hasher.of(type, value)), `${type.length} and ${length}`).toBe(reference(bytes));
      }
  });

  it('depends on the key, which has 16 bytes', () => {
    const other = new KeyedHasher(key.map((byte) => byte + 1));
    expect(hex(other.of('email', 'a'))).not.toBe(hex(hasher.of('email', 'a')));
    for (const length of [0, 15, 17])
      expect(() => new KeyedHasher(new Uint8Array(length))).toThrow(RangeError);
  });
});
