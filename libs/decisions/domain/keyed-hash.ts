/** A 64-bit hash as two unsigned 32-bit words. Overwritten by the next hash of the same hasher. */
export interface HashWords {
  high: number;
  low: number;
}

const encoder = new TextEncoder();
/** The longest identifier has 1,024 bytes and its type 63. */
const room = 4_096;
/** "somepseudorandomlygeneratedbytes", the low word of each pair first. */
const constants = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

/**
 * SipHash-2-4 (Aumasson, Bernstein 2012) of an identifier under a tenant's key, over the UTF-8 bytes of `type`, a zero byte and
 * the value in its normal form. Whoever does not have the key cannot choose two identifiers that collide. Allocates nothing
 * for identifiers in ASCII; what the type contributes is kept for as long as the type stays the same.
 */
export class KeyedHasher {
  readonly words: HashWords = { high: 0, low: 0 };
  /** v0 to v3, the low word of each first: before any block, and after those that the type fills alone. */
  private readonly fresh: Int32Array;
  private readonly begun = new Int32Array(8);
  /** The message in words, little-endian: the type first, then a value. */
  private readonly message = new Int32Array(room / 4 + 2);
  private lastType = '';
  /** Where the value begins, in bytes: after the type of last time and its zero byte. */
  private valueAt = 0;
  /** What the type leaves in the word that the value begins in. */
  private partial = 0;

  /** `key` has 16 bytes. Throws a RangeError for any other length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError('a key has 16 bytes');
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.fresh = Int32Array.from(
      constants,
      (constant, index) => constant ^ view.getInt32((index % 4) * 4, true),
    );
    this.setType('');
  }

  /** The words of this identifier, which has to be in its normal form. */
  of(type: string, value: string): HashWords {
    return this.ofAscii(type, value) ?? this.ofBytes(encoder.encode(`${type}\0${value}`));
  }

  /** The same where the value is in ASCII and of usual length; undefined for any other. */
  ofAscii(type: string, value: string): HashWords | undefined {
    if (type !== this.lastType) this.setType(type);
    const { message, valueAt } = this;
    const { length } = value;
    if (valueAt + length >= room) return undefined;
    let shift = (valueAt & 3) << 3;
    let at = valueAt >>> 2;
    let word = this.partial;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 127) return undefined;
      word |= code << shift;
      shift += 8;
      if (shift === 32) {
        message[at] = word;
        at += 1;
        word = 0;
        shift = 0;
      }
    }
    message[at] = word;
    return this.sum(this.begun, message, (valueAt >>> 3) << 1, valueAt + length);
  }

  /** Of any bytes, such as those of the published vectors. */
  ofBytes(bytes: Uint8Array): HashWords {
    return this.sum(this.fresh, wordsOf(bytes), 0, bytes.length);
  }

  private setType(type: string): void {
    const bytes = encoder.encode(`${type}\0`);
    this.lastType = type;
    this.valueAt = bytes.length;
    if (bytes.length >= room) return;
    this.message.set(wordsOf(bytes));
    this.partial = (bytes.length & 3) === 0 ? 0 : (this.message[bytes.length >>> 2] ?? 0);
    this.absorb(this.fresh, this.message, 0, (bytes.length >>> 3) << 1);
  }

  /** `length` is in bytes; words before `from` are in `begin` already. Rewrites what follows the message in its last block. */
  private sum(begin: Int32Array, message: Int32Array, from: number, length: number): HashWords {
    const last = (length >>> 3) << 1;
    const used = (length + 3) >>> 2;
    message[last + 1] = (used === last + 2 ? (message[last + 1] ?? 0) : 0) | (length << 24);
    this.absorb(begin, message, from, last + 2, true);
    return this.words;
  }

  /**
   * Takes in the words from `from` up to `to`, whole blocks. Ends in `words` when they are the last, and in `begun` otherwise.
   * All arithmetic is on pairs of 32-bit words, since JavaScript has no fast 64-bit integers; the two rounds of a block stand
   * one after the other, which is a tenth faster than a loop.
   */
  // eslint-disable-next-line max-lines-per-function, complexity -- the words stay in registers in one loop, and nowhere else
  private absorb(begin: Int32Array, message: Int32Array, from: number, to: number, finish = false): void {
    let v0l = begin[0] ?? 0;
    let v0h = begin[1] ?? 0;
    let v1l = begin[2] ?? 0;
    let v1h = begin[3] ?? 0;
    let v2l = begin[4] ?? 0;
    let v2h = begin[5] ?? 0;
    let v3l = begin[6] ?? 0;
    let v3h = begin[7] ?? 0;
    // The four rounds at the end are those of two blocks of zeros.
    const end = finish ? to + 4 : to;
    for (let at = from; at < end; at += 2) {
      const ml = at < to ? (message[at] ?? 0) : 0;
      const mh = at < to ? (message[at + 1] ?? 0) : 0;
      if (at === to) v2l ^= 0xff;
      v3l ^= ml;
      v3h ^= mh;
      let sum = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      sum = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0;
      v2l = sum;
      let turned = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = turned;
      turned = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = turned;
      turned = v0l;
      v0l = v0h;
      v0h = turned;
      sum = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0;
      v2l = sum;
      sum = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      turned = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = turned;
      turned = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = turned;
      turned = v2l;
      v2l = v2h;
      v2h = turned;
      sum = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      sum = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0;
      v2l = sum;
      turned = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = turned;
      turned = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = turned;
      turned = v0l;
      v0l = v0h;
      v0h = turned;
      sum = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0;
      v2l = sum;
      sum = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      turned = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = turned;
      turned = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = turned;
      turned = v2l;
      v2l = v2h;
      v2h = turned;
      v0l ^= ml;
      v0h ^= mh;
    }
    if (finish) {
      this.words.high = (v0h ^ v1h ^ v2h ^ v3h) >>> 0;
      this.words.low = (v0l ^ v1l ^ v2l ^ v3l) >>> 0;
    } else this.begun.set([v0l, v0h, v1l, v1h, v2l, v2h, v3l, v3h]);
  }
}

/** Little-endian, whatever the machine is, with room for the last block. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const words = new Int32Array((bytes.length >>> 2) + 4);
  bytes.forEach((byte, index) => {
    words[index >>> 2] = (words[index >>> 2] ?? 0) | (byte << ((index & 3) << 3));
  });
  return words;
}
