import { describe, expect, it } from 'vitest';
import { bytes } from './numbers.js';

describe('an amount of bytes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_000, '1.0 kB'],
    [26_156_157, '26.2 MB'],
    [1e9, '1.0 GB'],
    [3e15, '3,000.0 TB'],
  ])('%d is %s', (amount, text) => {
    expect(bytes(amount)).toBe(text);
  });
});
