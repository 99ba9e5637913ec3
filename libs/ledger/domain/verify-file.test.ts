import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, subjectRef, type JsonObject } from '#kernel';
import { keyOf, readerOf } from '../testing/signed-log.js';
import { formatCheckpoint } from './checkpoint.js';
import { draftEntry, type NewEntry } from './entry.js';
import { consistencyProof, inclusionProof, leafHash, RootBuilder, verifyConsistency } from './merkle.js';
import { formatVerifierKey, rawPublicKey, signNote, verifierOf } from './note.js';
import { formatProof } from './proof.js';
import { exportFormat, readLines, receiptFormat, verifyFile } from './verify-file.js';

const origin = 'log.example/one';
const key = keyOf(1);
const verifierKey = formatVerifierKey(verifierOf(origin, rawPublicKey(key)));
const strangerKey = formatVerifierKey(verifierOf(origin, rawPublicKey(keyOf(2))));
const person = subjectRef('6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e11');
const salt = Buffer.alloc(16, 3);
const at = new Date('2026-03-01T12:00:00.000Z');

/** Holds what breaks naive readers: a line separator, the replacement character, quotes, colons, a number, null. */
const document: JsonObject = {
  request: '01975e7e',
  'text "a": ': 'over\u2028two \ufffd lines \\ "b": {',
  outcomes: [{ field: 'person', outcome: 'erased', count: 3 }, null],
};
const digest = createHash('sha256').update(canonicalJson(document)).digest('base64');

function logOf(entries: readonly NewEntry[], signedBy = key, first = 1) {
  const bytes = entries.map((entry, index) => draftEntry(entry, salt)(index + first, at));
  const builder = new RootBuilder();
  for (const entry of bytes) builder.add(leafHash(entry));
  const state = { origin, size: builder.size, root: builder.root() };
  return { bytes, state, checkpoint: signNote(formatCheckpoint(state), origin, signedBy) };
}

const receiptEntry: NewEntry = { kind: 'receipt.issued', subjectRef: person, data: { digest } };
const others = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index): NewEntry => ({
    kind: 'policy.applied',
    data: { index: from + index, text: '\u2028' },
  }));
const log = logOf([...others(4), receiptEntry, ...others(6, 4)]);

async function receiptAt(place: number, entry = log.bytes[place]!): Promise<JsonObject> {
  const hashes = await inclusionProof(readerOf(log.bytes), BigInt(place), 11n);
  return {
    format: receiptFormat,
    document,
    entry: entry.toString('base64'),
    opening: { salt: salt.toString('base64'), subjectRef: person },
    proof: formatProof({ index: BigInt(place), hashes, checkpoint: log.checkpoint }),
    verifierKey,
  };
}
const receipt = await receiptAt(4);
const manifest = { format: exportFormat, verifierKey, size: 11, checkpoint: log.checkpoint };
const exported = [
  JSON.stringify(manifest),
  ...log.bytes.map((entry) => entry.toString('utf8')),
  JSON.stringify({ end: true, count: 11 }),
];
const exportText = `${exported.join('\n')}\n`;

/** As `lethe verify` reads a file, in chunks of a size that cuts lines and characters. */
async function verifyBytes(bytes: Uint8Array, trusted?: string, chunk = 1_000) {
  async function* chunks() {
    for (let from = 0; from < bytes.length; from += chunk)
      yield await Promise.resolve(bytes.subarray(from, from + chunk));
  }
  return verifyFile(readLines(chunks()), trusted);
}
const why = async (text: string, trusted?: string) => {
  const { ok, checks } = await verifyFile(text, trusted);
  return ok
    ? 'ok'
    : checks
        .filter((check) => !check.ok)
        .map(({ detail }) => detail)
        .join();
};
const receiptWith = (change: JsonObject) => JSON.stringify({ ...receipt, ...change });

describe('a file that is as it was issued', () => {
  it.each([
    ['a receipt', Buffer.from(JSON.stringify(receipt)), receiptFormat],
    ['a receipt laid out over lines', Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`), receiptFormat],
    ['an export', Buffer.from(exportText), exportFormat],
    ['an export that lost its last line end', Buffer.from(exportText.trimEnd()), exportFormat],
    [
      'an export with the line ends of Windows',
      Buffer.from(exportText.replaceAll('\n', '\r\n')),
      exportFormat,
    ],
  ])('verifies: %s', async (_, bytes, format) => {
    for (const chunk of [1, 7, 1_000_000]) {
      const report = await verifyBytes(bytes, verifierKey, chunk);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(report).toMatchObject({ ok: true, format, subject: origin });
    }
    expect(await verifyFile(bytes.toString('utf8').replaceAll('\r', ''), verifierKey)).toMatchObject({
      ok: true,
    });
  });

  it('says whose key was used', async () => {
    const detail = async (trusted?: string) =>
      (await verifyFile(exportText, trusted)).checks.find(({ name }) => name === 'key')?.detail;
    expect(await detail(verifierKey)).toBe('the one you trust');
    expect(await detail()).toContain('taken from the file itself');
  });

  it('verifies as an export of one entry, and of none', async () => {
    for (const count of [0, 1]) {
      const { bytes, checkpoint } = logOf(others(count));
      const lines = [JSON.stringify({ ...manifest, size: count, checkpoint }), ...bytes.map(String)];
      expect(await why([...lines, JSON.stringify({ end: true, count })].join('\n'))).toBe('ok');
    }
  });
});

describe('any one bit changed', () => {
  it.each([
    ['in a receipt', JSON.stringify(receipt)],
    ['in a receipt laid out over lines', JSON.stringify(receipt, null, 2)],
    ['in an export', exportText],
  ])(
    '%s is noticed, with the published key and without',
    async (_, text) => {
      const bytes = Buffer.from(text);
      const missed: string[] = [];
      // Every bit but those of the last byte, which may be a newline that says nothing.
      for (let bit = 0; bit < (bytes.length - 1) * 8; bit++) {
        const altered = Buffer.from(bytes);
        altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
        const trusted = bit % 5 === 0 ? undefined : verifierKey;
        const report = await verifyBytes(altered, trusted, 1 << 20);
        if (report.ok)
          missed.push(`bit ${bit} of ${altered.toString('utf8', (bit >> 3) - 9, (bit >> 3) + 9)}`);
        else if (!report.checks.some(({ ok, detail }) => !ok && detail.length > 10))
          missed.push(`${bit}: no sentence`);
      }
      expect(missed).toEqual([]);
    },
    60_000,
  );
});

describe('any edit of any part', () => {
  it.each([
    ['of a receipt', JSON.stringify(receipt, null, 2)],
    ['of an export', exportText.trimEnd()],
  ])(
    '%s is noticed, unless it is of the layout and leaves every value as it was',
    async (_, text) => {
      const original = Buffer.from(text);
      const parsed = (bytes: Buffer) => {
        const lines = text.startsWith('{\n') ? [bytes.toString('utf8')] : bytes.toString('utf8').split('\n');
        // An empty line is layout.
        return lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as unknown);
      };
      const place = fc.nat(original.length - 1);
      const insertion = fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.constantFrom(' ', '\n', '\r\n', '0', '.0', ',', '"', '\\').map((piece) => Buffer.from(piece)),
      );
      const piece = fc
        .tuple(place, fc.nat(40))
        .map(([from, length]) => original.subarray(from, from + length));
      await fc.assert(
        fc.asyncProperty(place, fc.nat(40), fc.oneof(insertion, piece), async (at, removed, added) => {
          const rest = original.subarray(at + removed);
          const altered = Buffer.concat([original.subarray(0, at), added, rest]);
          const { ok } = await verifyBytes(altered, verifierKey, 1 << 20);
          if (ok) expect(parsed(altered)).toEqual(parsed(original));
        }),
        { numRuns: 3_000 },
      );
    },
    60_000,
  );
});

describe('a file that was cut, joined or rearranged', () => {
  it('is refused wherever it was cut', async () => {
    for (const text of [JSON.stringify(receipt), exportText.trimEnd()])
      for (let length = 0; length < text.length; length += 3)
        expect((await verifyFile(text.slice(0, length), verifierKey)).ok).toBe(false);
  });

  it('is refused when lines are left out, repeated, swapped, added or edited and counted anew', async () => {
    const lines = fc.integer({ min: 1, max: 11 });
    await fc.assert(
      fc.asyncProperty(lines, lines, fc.boolean(), async (one, two, recount) => {
        const recounted = (changed: string[]) => {
          if (!recount) return changed.join('\n');
          const entries = changed
            .slice(1, -1)
            .map((line, index) => line.replace(/"n":\d+/, `"n":${index + 1}`));
          const first = JSON.stringify({ ...manifest, size: entries.length });
          return [first, ...entries, JSON.stringify({ end: true, count: entries.length })].join('\n');
        };
        expect(await why(recounted(exported.toSpliced(one, 1)))).not.toBe('ok');
        expect(await why(recounted(exported.toSpliced(one, 0, exported[two]!)))).not.toBe('ok');
        if (one !== two)
          expect(await why(recounted(exported.with(one, exported[two]!).with(two, exported[one]!)))).not.toBe(
            'ok',
          );
        const edited = exported[one]!.replace('"v":1', '"v":1,"x":1');
        expect(await why(recounted(exported.with(one, edited)))).not.toBe('ok');
      }),
      { numRuns: 200 },
    );
  });

  it('is refused when something follows the end', async () => {
    expect(await why(`${exportText}${exported[1]!}\n`)).toContain('no entry');
    expect(await why(`${exportText}\n`)).toContain('no entry');
    expect(await why(`${JSON.stringify(receipt)}\n{}`)).not.toBe('ok');
  });

  it('says that an export was cut off', async () => {
    expect(await why(exported.slice(0, -1).join('\n'))).toContain('cut off');
  });
});

describe('a forged file', () => {
  it('is refused under a key that is not the trusted one, though the file holds together', async () => {
    const forged = logOf(others(3), keyOf(2));
    const lines = [
      JSON.stringify({ ...manifest, verifierKey: strangerKey, size: 3, checkpoint: forged.checkpoint }),
      ...forged.bytes.map(String),
      JSON.stringify({ end: true, count: 3 }),
    ];
    expect(await why(lines.join('\n'))).toBe('ok');
    expect(await why(lines.join('\n'), verifierKey)).toContain('another log than the key you trust');
    const relabelled = lines.with(0, JSON.stringify({ ...manifest, size: 3, checkpoint: forged.checkpoint }));
    expect(await why(relabelled.join('\n'), verifierKey)).toContain('not signed by the key');
  });

  it('may hold together when the log itself told two histories, which their checkpoints cannot hide', async () => {
    const told = [...others(4), receiptEntry, ...others(6, 4)];
    const grown = logOf([...told, ...others(3, 10)]);
    const forked = logOf([...told.with(2, others(1, 99)[0]!), ...others(3, 10)]);
    for (const { bytes, checkpoint } of [grown, forked]) {
      const first = JSON.stringify({ ...manifest, size: 14, checkpoint });
      const lines = [first, ...bytes.map(String), JSON.stringify({ end: true, count: 14 })];
      expect(await why(lines.join('\n'), verifierKey)).toBe('ok');
    }
    expect(forked.state.root).not.toEqual(grown.state.root);
    const proofOf = ({ bytes }: typeof log) => consistencyProof(readerOf(bytes), 11n, 14n);
    expect(verifyConsistency(log.state, grown.state, await proofOf(grown))).toBe(true);
    expect(verifyConsistency(log.state, forked.state, await proofOf(forked))).toBe(false);
    expect(verifyConsistency(log.state, forked.state, await proofOf(grown))).toBe(false);
    expect(verifyConsistency(grown.state, forked.state, [])).toBe(false);
  });

  it.each([
    [
      'another document',
      receiptWith({ document: { ...document, request: 'other' } }),
      'document is not the one',
    ],
    [
      'another person',
      receiptWith({ opening: { salt: salt.toString('base64'), subjectRef: 'x' } }),
      'opening does not fit',
    ],
    ['another salt', receiptWith({ opening: { salt: 'AAAA', subjectRef: person } }), 'opening does not fit'],
    ['no opening', receiptWith({ opening: null }), 'no opening'],
    ['no proof', receiptWith({ proof: 7 }), 'no proof'],
    ['an empty proof', receiptWith({ proof: '' }), 'the proof is not one'],
    [
      'an unsigned remark in its proof',
      receiptWith({ proof: (receipt['proof'] as string).replace('index', 'extra YWdl\nindex') }),
      'nobody signed',
    ],
    ['an entry that is no JSON', receiptWith({ entry: 'AAAA' }), 'not JSON'],
    ['an unsigned remark', receiptWith({ remark: 'all is well' }), 'nobody signed'],
    [
      'an unsigned remark beside the opening',
      receiptWith({ opening: { salt: '', subjectRef: '', remark: 1 } }),
      'nobody signed',
    ],
    ['a key that is none', receiptWith({ verifierKey: 'x' }), 'verifier key is not one'],
    ['a format of tomorrow', receiptWith({ format: 'lethe-receipt/v2' }), 'not a file that Lethe issues'],
  ])('is refused: a receipt with %s', async (_, text, sentence) => {
    expect(await why(text)).toContain(sentence);
  });

  it('is refused: a receipt for an entry of another kind that carries the digest', async () => {
    const entry = draftEntry({ ...receiptEntry, kind: 'policy.applied' }, salt)(5, at);
    expect(await why(JSON.stringify(await receiptAt(4, entry)))).toContain('document is not the one');
  });

  it('is refused: a receipt whose entry is not in the log, or stands elsewhere', async () => {
    const never = draftEntry(receiptEntry, salt)(5, new Date(0));
    expect(await why(JSON.stringify(await receiptAt(4, never)))).toContain('not in the signed log');
    expect(await why(JSON.stringify({ ...receipt, proof: (await receiptAt(5))['proof'] }))).toContain(
      'another place',
    );
  });

  it('is refused: a receipt that names a member twice, since a person may be shown the other one', async () => {
    const twice = JSON.stringify(receipt).replace('"request":', '"request":"forged","request":');
    expect(JSON.parse(twice)).toEqual(receipt);
    expect(await why(twice)).not.toBe('ok');
    const spelt = JSON.stringify(receipt).replace('"request":', '"\\u0072equest":"forged","request":');
    expect(JSON.parse(spelt)).toEqual(receipt);
    expect(await why(spelt)).not.toBe('ok');
  });

  it('is refused: an export of entries that do not bear the number of their place, though the log signed them', async () => {
    const { bytes, checkpoint } = logOf(others(3), key, 2);
    const lines = [JSON.stringify({ ...manifest, size: 3, checkpoint }), ...bytes.map(String)];
    expect(await why([...lines, JSON.stringify({ end: true, count: 3 })].join('\n'))).toContain(
      'another entry',
    );
  });

  it('is refused: an export whose manifest or last line says more than was signed', async () => {
    expect(await why(exported.with(0, JSON.stringify({ ...manifest, note: 'x' })).join('\n'))).toContain(
      'nobody signed',
    );
    const last = JSON.stringify({ end: true, count: 11, note: 'x' });
    expect(await why(exported.with(-1, last).join('\n'))).toContain('nobody signed');
  });
});

describe('what is no file of ours', () => {
  it.each([
    '',
    '\n',
    ' ',
    'hello',
    '{}',
    '[]',
    'null',
    '"lethe-receipt/v1"',
    '{"format":1}',
    '{"__proto__":1}',
    '\u0000',
  ])('is refused with a sentence: %j', async (text) => {
    const report = await verifyFile(text);
    expect(report).toMatchObject({ ok: false, subject: '' });
    expect(report.checks.at(-1)?.detail.length).toBeGreaterThan(10);
  });

  it('never throws, whatever it is', async () => {
    const parts = fc.constantFrom(
      '{',
      '}',
      '"',
      ':',
      ',',
      '\n',
      '\\',
      '1e999',
      ...exported,
      JSON.stringify(receipt),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(parts, fc.string()), { maxLength: 12 }), async (pieces) => {
        const text = pieces.join('');
        const { ok } = await verifyFile(text);
        if (ok) expect([JSON.stringify(receipt), exportText.trim()]).toContain(text.trim());
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when it is not UTF-8, nested without end, or one endless line', async () => {
    const broken = Buffer.from(JSON.stringify(receipt)).toString('latin1').replace('ï¿½', 'ÿ');
    expect((await verifyBytes(Buffer.from(broken, 'latin1'))).ok).toBe(false);
    expect((await verifyFile('['.repeat(200_000))).ok).toBe(false);
    expect((await verifyFile(`{"format":"lethe-receipt/v1","document":${'{"a":'.repeat(50_000)}`)).ok).toBe(
      false,
    );
    async function* endless() {
      for (;;) yield await Promise.resolve(Buffer.alloc(1 << 20, 'a'));
    }
    expect((await verifyFile(readLines(endless()))).checks.at(-1)?.detail).toContain('too long');
  });

  it('is refused when reading it fails', async () => {
    async function* failing() {
      yield await Promise.resolve(exported[0]!);
      throw new Error('the disk is gone');
    }
    expect((await verifyFile(failing())).ok).toBe(false);
  });
});
