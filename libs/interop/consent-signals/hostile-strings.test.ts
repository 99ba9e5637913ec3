import {
  EncodableOptimizedFixedRange,
  FibonacciIntegerEncoder,
  GppModel,
  TraditionalBase64UrlEncoder,
} from '@iabgpp/cmpapi';
import { Base64Url, IntEncoder, RestrictionType } from '@iabtcf/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { encodeTcf } from '../testing/encode-tcf.js';
import { readGpp } from './gpp.js';
import { mostCharacters } from './malformed.js';
import { readTcf } from './tcf.js';

/** Generous for a slow machine; a string that unfolds without bound takes many seconds, or all memory. */
const mostMilliseconds = 1_000;

/** A value, or the one refusal, within the bound. */
function refuses(read: (text: string) => unknown, text: string): boolean {
  const start = performance.now();
  try {
    read(text);
    return false;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error).toMatchObject({ kind: 'invalid', code: 'signal.invalid' });
    return true;
  } finally {
    expect(performance.now() - start).toBeLessThan(mostMilliseconds);
  }
}

const readers: readonly (readonly [string, (text: string) => unknown])[] = [
  ['readTcf', (text) => readTcf(text)],
  ['readGpp', (text) => readGpp(text)],
];

const tcf = encodeTcf({
  purposes: [1, 2, 7],
  interests: [9],
  vendors: [3, 8, 900],
  disclosed: Array.from({ length: 800 }, (_, id) => id + 1),
  restrictions: [
    [3, 2, RestrictionType.REQUIRE_CONSENT],
    [8, 2, RestrictionType.REQUIRE_CONSENT],
  ],
  publisherTc: true,
});
const model = new GppModel();
model.setFieldValue('tcfcav1', 'VendorExpressConsent', [4, 5, 6, 700]);
model.setFieldValue('usnat', 'SaleOptOut', 1);
model.setFieldValue('usky', 'SensitiveDataProcessing', [1]);
model.setFieldValue('ustx', 'Gpc', true);
const real = [tcf, model.encode(), `DBACNYA~${tcf}~1YNN`, 'DBABLA~BVQqAAAAAgA.QA'];
const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

describe.each(readers)('%s', (_, read) => {
  it('reads or refuses text of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        refuses(read, text);
      }),
    );
  });

  it('reads or refuses text of the characters that such strings have, after any beginning that is right', () => {
    const tail = fc.string({ unit: fc.constantFrom(...alphabet, '.', '~'), maxLength: 400 });
    const head = fc.constantFrom('C', 'DB', 'DBAA', 'DBABDA~B', 'DBABLA~B', tcf.slice(0, 36));
    fc.assert(
      fc.property(head, tail, (start, end) => {
        refuses(read, start + end);
      }),
      { numRuns: 500 },
    );
  });

  it('reads or refuses a real string that is cut off anywhere', () => {
    for (const text of real) {
      for (let length = 0; length < text.length; length += 1) refuses(read, text.slice(0, length));
    }
  });

  it('reads or refuses a real string of which bits are flipped', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 63 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.constantFrom(...real), flips, (text, changes) => {
        const letters = Array.from(text);
        for (const [place, mask] of changes) {
          const at = alphabet.indexOf(letters[place % letters.length]!);
          if (at >= 0) letters[place % letters.length] = alphabet[at ^ mask]!;
        }
        refuses(read, letters.join(''));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a real string with NUL anywhere, or a newline at its end', () => {
    for (const text of real) {
      expect(refuses(read, `${text}\n`)).toBe(true);
      for (let at = 0; at <= text.length; at += 1) {
        expect(refuses(read, `${text.slice(0, at)}\0${text.slice(at)}`)).toBe(true);
      }
    }
  });

  it('refuses what is too long, whatever it is', () => {
    for (const text of real) {
      expect(refuses(read, text + 'A'.repeat(100_000))).toBe(true);
      expect(refuses(read, text.padEnd(mostCharacters + 1, 'A'))).toBe(true);
    }
  });

  it('takes no longer for text of the greatest length', () => {
    for (const unit of ['A', '_', 'g', '7', '~A', '.A', '~1YNN']) {
      for (const head of ['C', 'DB', 'DBAA', 'DBAB_____', tcf.slice(0, 36), 'DBABDA~B', 'DBABDA~']) {
        refuses(read, head + unit.repeat(mostCharacters).slice(0, mostCharacters - head.length));
      }
    }
  });
});

describe('a short string that unfolds into a great deal', () => {
  const int = (value: number, length: number) => IntEncoder.encode(value, length);
  const pack = (bits: string) => TraditionalBase64UrlEncoder.getInstance().encode(bits);
  const fill = (bits: string, entry: string) =>
    bits + entry.repeat(Math.min(4_095, Math.floor((mostCharacters * 6 - 24 - bits.length) / entry.length)));
  const everyVendor = `1${int(1, 16)}${int(65_535, 16)}`;
  const coreBits = Base64Url.decode(encodeTcf({})).slice(0, 213);
  const noVendors = '0'.repeat(17);
  const vendorRanges = int(65_535, 16) + '1' + int(4_095, 12);

  it('is refused as every vendor, a thousand times over', () => {
    expect(refuses(readTcf, pack(fill(coreBits + vendorRanges, everyVendor)))).toBe(true);
    expect(refuses(readTcf, pack(fill(coreBits + noVendors + vendorRanges, everyVendor)))).toBe(true);
    const [core] = encodeTcf({}).split('.');
    expect(
      refuses(readTcf, `${core!}.${pack(fill(`001${vendorRanges}`, everyVendor)).slice(0, 8_000)}`),
    ).toBe(true);
    expect(
      refuses(readTcf, `${core!}.${pack(fill(`010${vendorRanges}`, everyVendor)).slice(0, 8_000)}`),
    ).toBe(true);
  });

  it('is refused as every vendor twice, where the count is right', () => {
    const ranges = `${int(65_535, 16)}1${int(2, 12)}${everyVendor}${everyVendor}`;
    expect(refuses(readTcf, pack(`${coreBits}${ranges}${noVendors}${int(0, 12)}`))).toBe(true);
    const once = `${int(65_535, 16)}1${int(1, 12)}${everyVendor}`;
    expect(refuses(readTcf, pack(`${coreBits}${once}${noVendors}${int(0, 12)}`))).toBe(false);
  });

  it('is refused as a publisher who restricts every vendor', () => {
    const restrictions = (count: number, vendors: string) =>
      pack(`${coreBits}${noVendors}${noVendors}${int(1, 12)}${int(2, 6)}00${int(count, 12)}${vendors}`);
    expect(refuses(readTcf, restrictions(1, everyVendor))).toBe(true);
    expect(refuses(readTcf, restrictions(1, `1${int(1, 16)}${int(2_000, 16)}`))).toBe(false);
    expect(refuses(readTcf, restrictions(40, `1${int(1, 16)}${int(2_000, 16)}`.repeat(40)))).toBe(true);
  });

  it.each([30, 80, 1_000])('is refused as a range of GPP sections with a code of %i bits', (length) => {
    const header = pack(`${int(3, 6)}${int(1, 6)}${int(1, 12)}1011${'0'.repeat(length)}11`);
    expect(refuses(readGpp, `${header}~1YNN`)).toBe(true);
  });

  it('is refused as more GPP sections than there are', () => {
    const header = (...ranges: string[]) =>
      pack(`${int(3, 6)}${int(1, 6)}${int(ranges.length, 12)}${ranges.join('')}`);
    const range = `111${FibonacciIntegerEncoder.encode(70_000)}`;
    expect(refuses(readGpp, `${header(range)}~1YNN`)).toBe(true);
    expect(refuses(readGpp, `${header(...Array<string>(1_500).fill(range))}~1YNN`)).toBe(true);
    expect(refuses(readGpp, `${header('0' + FibonacciIntegerEncoder.encode(6))}~1YNN`)).toBe(false);
  });

  it('is refused as a range of vendors of TCF Canada', () => {
    // Version 1, and 0 in the 193 bits up to the vendors.
    const fixed = `000001${'0'.repeat(193)}`;
    const canada = (vendors: string) => `DBABDA~${pack(fixed + vendors + noVendors)}`;
    const range = (code: string) => `${int(65_535, 16)}1${int(1, 12)}111${code}`;
    expect(refuses(readGpp, canada(range(FibonacciIntegerEncoder.encode(70_000))))).toBe(true);
    expect(refuses(readGpp, canada(range(`${'0'.repeat(60)}11`)))).toBe(true);
    expect(
      refuses(readGpp, canada(`${int(101, 16)}1${int(1, 12)}111${FibonacciIntegerEncoder.encode(100)}`)),
    ).toBe(false);
  });

  it('is refused as vendors of TCF Canada in the coding of older encoders, unless both codings read the same', () => {
    const fixed = `000001${'0'.repeat(193)}`;
    const vendors = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(vendors, (numbers) => {
        const text = `DBABDA~${pack(fixed + new EncodableOptimizedFixedRange(numbers).encode() + noVendors)}`;
        if (refuses(readGpp, text)) return;
        expect(readGpp(text).tcfCanada?.vendorConsents).toEqual(new Set(numbers));
      }),
      { numRuns: 2_000 },
    );
  });
});
