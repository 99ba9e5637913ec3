import { EncodableOptimizedFibonacciRange, FibonacciIntegerEncoder } from '@iabgpp/cmpapi';
import { Base64Url, BitLength, IntEncoder } from '@iabtcf/core';

// IAB's decoders unfold a range into its ids one by one, and bound neither how many ranges a string repeats nor, in the
// Fibonacci coding, how far one reaches: seven characters can ask for more memory than there is. So ranges are measured
// here, from end to end but without being unfolded, before a decoder sees them. What they mean is left to the decoder.

/** Most ids that the lists of one string may unfold to: the Global Vendor List numbers vendors in 16 bits. */
export const mostIds = 65_535;

/** Ids of the longest Fibonacci code in use are below 2^16; 24 bits reach 75,024. */
const longestFibonacciCode = 24;

export interface Measure {
  /** Index of the first bit after the list. */
  readonly end: number;
  /** How many ids the list unfolds to, repeated ones counted again. */
  readonly ids: number;
}

/** Throws where the bits end too early. */
export function integerAt(bits: string, at: number, length: number): number {
  return IntEncoder.decode(bits.slice(at, at + length), length);
}

/** Types of the segments of a TC string; 0 comes from the first bits of the core's version number. */
export const segmentTypes = { core: 0, disclosedVendors: 1, publisherTc: 3 } as const;

function segmentType(segment: string): number {
  return integerAt(Base64Url.decode(segment.slice(0, 1)), 0, BitLength.segmentType);
}

/** Segments by their type; the core comes first, and no type comes twice, or the later would take the place of the other. */
export function segmentsByType(text: string): ReadonlyMap<number, string> {
  const segments = new Map<number, string>();
  for (const segment of text.split('.')) {
    const type = segmentType(segment);
    if (segments.has(type) || (segments.size === 0 && type !== segmentTypes.core))
      throw new Error('misplaced segment');
    segments.set(type, segment);
  }
  return segments;
}

/** Vendors in the coding of TCF: as bits, or as ranges of 16-bit ids. */
export function measureVendors(bits: string, from: number): Measure {
  const coding = from + BitLength.maxId;
  if (bits[coding] === '1') return measureRanges(bits, coding + BitLength.encodingType);
  const ids = integerAt(bits, from, BitLength.maxId);
  return { end: coding + BitLength.encodingType + ids, ids };
}

/** Ranges of 16-bit ids, after their number. */
export function measureRanges(bits: string, from: number): Measure {
  let at = from + BitLength.numEntries;
  let ids = 0;
  for (let left = integerAt(bits, from, BitLength.numEntries); left > 0; left -= 1) {
    const isRange = bits[at] === '1';
    const first = integerAt(bits, at + BitLength.singleOrRange, BitLength.vendorId);
    at += BitLength.singleOrRange + BitLength.vendorId;
    if (isRange) {
      ids += integerAt(bits, at, BitLength.vendorId) - first;
      at += BitLength.vendorId;
    }
    ids += 1;
  }
  return { end: at, ids };
}

/** Ranges in Fibonacci coding, each relative to the one before, after their number. */
export function measureFibonacciRanges(bits: string, from: number): Measure {
  let at = from + BitLength.numEntries;
  let ids = 0;
  for (let left = integerAt(bits, from, BitLength.numEntries); left > 0; left -= 1) {
    const isRange = bits[at] === '1';
    at = fibonacciCode(bits, at + 1).end;
    if (isRange) {
      const width = fibonacciCode(bits, at);
      ids += width.value;
      at = width.end;
    }
    ids += 1;
  }
  return { end: at, ids };
}

function fibonacciCode(bits: string, at: number): { readonly value: number; readonly end: number } {
  const code = bits.slice(at, at + longestFibonacciCode);
  const length = code.indexOf('11') + 2;
  // Refuses a code without its end as well, of which `length` is 1.
  return { value: FibonacciIntegerEncoder.decode(code.slice(0, length)), end: at + length };
}

/** IAB's field for lists of vendors in Fibonacci coding, bounded. */
export class BoundedVendors extends EncodableOptimizedFibonacciRange {
  override substring(bits: string, from: number): string {
    const coding = from + BitLength.maxId;
    if (bits[coding] === '1' && measureFibonacciRanges(bits, coding + 1).ids > mostIds) {
      throw new Error('too many ids');
    }
    return super.substring(bits, from);
  }
}
