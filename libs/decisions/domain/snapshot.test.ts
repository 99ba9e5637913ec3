import { describe, expect, it } from 'vitest';
import { pack, Replica } from './replica.js';
import type { DecisionRules } from './rules.js';
import {
  encodePeople,
  encodeSnapshotEnd,
  encodeSnapshotHead,
  readSnapshot,
  type SnapshotHead,
} from './snapshot.js';

const purposes = Array.from({ length: 40 }, (_, index) => `p${index}`);
const rules: DecisionRules = {
  policyVersion: 1,
  jurisdictions: [],
  purposes: Object.fromEntries(
    purposes.map((name) => [
      name,
      {
        within: [],
        legalBasis: 'consent',
        bases: {},
        honoursOptOutSignal: false,
        onlyNotice: null,
        conditions: { leaveOut: [], maximumAge: null },
      },
    ]),
  ),
};
const head: SnapshotHead = { format: 1, key: '0f'.repeat(16), revision: 7, epoch: 1, purposes, rules };
const person = (index: number) => ({
  hash: Uint8Array.of(0, 0, 0, index, 255, 254, 253, index),
  ...pack(
    {
      known: index % 2 === 0,
      suppressed: index % 3 === 0,
      states: [
        [0, 1, null],
        [9, 2, null],
        [39, 1, 4_000_000_000],
      ],
    },
    40,
  ),
});
const whole = Buffer.concat([
  encodeSnapshotHead(head),
  encodePeople([person(1), person(2)]),
  encodePeople([person(3)]),
  encodeSnapshotEnd(3),
]);

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(bytes: Uint8Array, size = 7) {
  const people: { high: number; low: number; person: object }[] = [];
  let found: SnapshotHead | undefined;
  await readSnapshot(inPieces(bytes, size), {
    head: (given) => (found = given),
    person: (high, low, given) => people.push({ high, low, person: structuredClone(given) }),
  });
  return { head: found, people };
}

describe('a snapshot', () => {
  it('is read as it was written, in pieces of any size', async () => {
    for (const size of [1, 2, 3, 5, 64, 10_000]) {
      const { head: given, people } = await read(whole, size);
      expect(given).toEqual(head);
      expect(people).toEqual(
        [1, 2, 3].map((index) => {
          const { hash, ...rest } = person(index);
          return { high: index, low: Buffer.from(hash).readUInt32BE(4), person: rest };
        }),
      );
    }
  });

  it('is refused when it is cut off anywhere, or goes on', async () => {
    for (let length = 0; length < whole.length; length += 1)
      await expect(read(whole.subarray(0, length), 50), String(length)).rejects.toThrow(Error);
    await expect(read(Buffer.concat([whole, encodePeople([person(1)])]))).rejects.toThrow('after its end');
    const short = Buffer.concat([encodeSnapshotHead(head), encodePeople([person(1)]), encodeSnapshotEnd(2)]);
    await expect(read(short)).rejects.toThrow('as many people');
  });

  it('is refused when any bit of it was altered', async () => {
    for (let at = 0; at < whole.length; at += 1)
      for (const bit of at < 8 || at >= whole.length - 300 ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]) {
        const altered = Buffer.from(whole);
        altered[at] = altered[at]! ^ (1 << bit);
        await expect(read(altered, 10_000), `bit ${bit} of byte ${at}`).rejects.toThrow(Error);
      }
  });

  it('is refused when two of its blocks were not written together', async () => {
    const people = encodePeople([person(1)]);
    const twice = Buffer.concat([encodeSnapshotHead(head), people, people, encodeSnapshotEnd(1)]);
    await expect(read(twice)).rejects.toThrow('as many people');
  });

  it('is refused when a block says that it is longer than any', async () => {
    const long = Buffer.from(whole);
    long.writeUInt32BE(0x7fff_ffff, 4);
    await expect(read(long)).rejects.toThrow('too long');
  });

  it('is refused when it is something else', async () => {
    for (const text of ['', '{"type":"about:blank"}', '<html>'.repeat(100), '\0'.repeat(64)])
      await expect(read(Buffer.from(text))).rejects.toThrow(Error);
    const other = encodeSnapshotHead({ ...head, key: 'short' });
    await expect(read(Buffer.concat([other, encodeSnapshotEnd(0)]))).rejects.toThrow('no snapshot');
  });

  it('fills a replica that then answers', async () => {
    const replica = new Replica(Buffer.from(head.key, 'hex'), purposes);
    replica.govern(rules);
    await readSnapshot(inPieces(whole, 33), {
      head: () => undefined,
      person: (high, low, given) => {
        replica.setPacked(high, low, given);
      },
    });
    expect(replica.size).toBe(3);
  });
});
