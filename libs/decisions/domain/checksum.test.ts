import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum } from './checksum.js';

describe('the checksum', () => {
  it('is CRC-32 of any bytes', () => {
    expect(checksum(new TextEncoder().encode('123456789'))).toBe(0xcb_f4_39_26);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(3), (bytes, from) => {
        expect(checksum(bytes.subarray(from))).toBe(crc32(bytes.subarray(from)));
      }),
    );
  });
});
