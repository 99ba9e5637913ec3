import { randomFillSync } from 'node:crypto';

const poolSize = 16_384;
let pool = Buffer.alloc(0);
let used = 0;

/** `length` bytes that nobody can guess, each given away once. Asked for one by one, a few bytes cost as much as thousands. */
export function random(length: number): Buffer {
  if (used + length > pool.length) {
    // A new one: what was given away of the old one stays as it is.
    pool = randomFillSync(Buffer.allocUnsafeSlow(Math.max(poolSize, length)));
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}
