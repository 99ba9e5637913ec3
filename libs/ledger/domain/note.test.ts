import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../testing/signed-log.js';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.js';
import { formatVerifierKey, openNote, parseVerifierKey, rawPublicKey, signNote, verifierOf } from './note.js';
import { formatProof, parseProof } from './proof.js';

// From the specification of signed notes (c2sp.org/signed-note).
const exampleKey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const exampleLine =
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const exampleText = 'This is an example message.\n';
const exampleNote = `${exampleText}\n${exampleLine}`;
const example = parseVerifierKey(exampleKey)!;

const key = keyOf(1);
const verifier = verifierOf('log.example/one', rawPublicKey(key));
const lineOf = (note: string) => note.slice(note.lastIndexOf('\n\n') + 2);

describe('verifier keys', () => {
  it('of the specification parse, and are written back to the letter', () => {
    expect(example.name).toBe('example.com/foo');
    expect(example.keyId.toString('hex')).toBe('530d903a');
    expect(formatVerifierKey(example)).toBe(exampleKey);
    const published = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(formatVerifierKey(parseVerifierKey(published)!)).toBe(published);
  });

  it.each([
    ['an empty text', ''],
    ['no name', exampleKey.slice('example.com/foo'.length)],
    ['another name', exampleKey.replace('foo', 'bar')],
    ['another key id', exampleKey.replace('530d', '530e')],
    ['a key id in capitals', exampleKey.replace('530d903a', '530D903A')],
    ['another key', exampleKey.replace('U2k', 'U2l')],
    ['a key cut short', exampleKey.slice(0, -4)],
    ['padding that does not belong there', `${exampleKey}=`],
    ['a line break after it', `${exampleKey}\n`],
    [
      'an algorithm that is not Ed25519',
      'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
    ],
  ])('are refused with %s', (_, text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });
});

describe('signed notes', () => {
  it('of the specification open with its key and with no other', () => {
    expect(openNote(exampleNote, [example])).toBe(exampleText);
    expect(openNote(exampleNote, [verifier])).toBeUndefined();
    expect(openNote(exampleNote, [])).toBeUndefined();
  });

  it('open to the text that was signed, whatever it says', () => {
    const words = fc
      .string({ unit: 'grapheme' })
      .map((text) => text.replaceAll(/[\u0000-\u0009\u000b-\u001f]/g, ''));
    fc.assert(
      fc.property(words, (text) => {
        expect(openNote(signNote(`${text}\n`, verifier.name, key), [verifier])).toBe(`${text}\n`);
      }),
    );
  });

  it('never open with any one bit changed', () => {
    const bytes = Buffer.from(signNote('log.example/one\n5\nAAAA\n', verifier.name, key));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
      expect(openNote(altered.toString('utf8'), [verifier])).toBeUndefined();
    }
  });

  it('ignore the signatures of keys that we do not know', () => {
    const other = signNote(exampleText, 'witness.example', keyOf(2));
    const sameName = signNote(exampleText, 'example.com/foo', keyOf(3));
    expect(openNote(`${exampleText}\n${lineOf(other)}${lineOf(sameName)}${exampleLine}`, [example])).toBe(
      exampleText,
    );
  });

  it('are refused when one known key signed another text, though a second known key signed this one', () => {
    const witness = verifierOf('witness.example', rawPublicKey(keyOf(2)));
    const fails = lineOf(signNote('Another message.\n', 'witness.example', keyOf(2)));
    const holds = lineOf(signNote(exampleText, 'witness.example', keyOf(2)));
    expect(openNote(`${exampleText}\n${exampleLine}${fails}`, [example, witness])).toBeUndefined();
    expect(openNote(`${exampleText}\n${exampleLine}${holds}`, [example, witness])).toBe(exampleText);
  });

  it.each([
    ['nothing', ''],
    ['no signature', `${exampleText}\n`],
    ['no empty line', `${exampleText}${exampleLine}`],
    ['no final newline', exampleNote.trimEnd()],
    ['a line that is no signature', `${exampleNote}hello\n`],
    ['a hyphen for the dash', exampleNote.replace('—', '-')],
    ['base64 spelt otherwise', exampleNote.replace('aQM=', 'aQN=')],
    ['Windows line ends', exampleNote.replaceAll('\n', '\r\n')],
    ['a control character', exampleNote.replace('example message', 'example\tmessage')],
    ['a hundred signatures more', `${exampleNote}${exampleLine.repeat(100)}`],
  ])('are refused with %s', (_, note) => {
    expect(openNote(note, [example])).toBeUndefined();
  });

  it('may have empty lines in their text', () => {
    const text = 'one\n\n— not a signature\n\ntwo\n';
    expect(openNote(signNote(text, verifier.name, key), [verifier])).toBe(text);
  });

  it('cannot be made of a text without a final newline', () => {
    expect(() => signNote('text', 'name', key)).toThrow(TypeError);
  });
});

describe('checkpoints', () => {
  const root = Buffer.alloc(32, 9);
  const body = `log.example/one\n20852163\n${root.toString('base64')}\n`;

  it('are three lines, and read back', () => {
    const checkpoint = { origin: 'log.example/one', size: 20_852_163n, root };
    expect(formatCheckpoint(checkpoint)).toBe(body);
    expect(parseCheckpoint(body)).toEqual(checkpoint);
    expect(parseCheckpoint(`${body}an extension line\n`)).toEqual(checkpoint);
  });

  it.each([
    ['an empty origin', body.replace('log.example/one', '')],
    ['a leading zero', body.replace('2085', '02085')],
    ['a negative size', body.replace('2085', '-2085')],
    ['a size beyond 64 bits', body.replace('20852163', '1'.repeat(20))],
    ['a short root', body.replace('CQ', '')],
    ['two lines only', body.split('\n').slice(0, 2).join('\n')],
  ])('are refused with %s', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it('count only under the key whose name is their origin', () => {
    const stranger = { origin: 'log.example/two', size: 1n, root };
    expect(openCheckpoint(signNote(body, verifier.name, key), verifier)?.size).toBe(20_852_163n);
    expect(
      openCheckpoint(signNote(formatCheckpoint(stranger), verifier.name, key), verifier),
    ).toBeUndefined();
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(openCheckpoint(signNote(body, verifier.name, other), verifier)).toBeUndefined();
  });
});

describe('tlog-proofs', () => {
  const checkpoint = signNote(
    `log.example/one\n5\n${Buffer.alloc(32, 9).toString('base64')}\n`,
    verifier.name,
    key,
  );
  const hashes = fc.array(
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 63 },
  );

  it('read back what was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), hashes, (index, path) => {
        const proof = { index, hashes: path, checkpoint };
        expect(parseProof(formatProof(proof))).toEqual(proof);
      }),
    );
  });

  it('look as the specification says, with or without extra data', () => {
    const hash = Buffer.alloc(32, 1);
    const text = `c2sp.org/tlog-proof@v1\nindex 0\n${hash.toString('base64')}\n\n${checkpoint}`;
    expect(formatProof({ index: 0n, hashes: [hash], checkpoint })).toBe(text);
    expect(parseProof(text.replace('index', 'extra YWdl\nindex'))).toEqual({
      index: 0n,
      hashes: [hash],
      checkpoint,
    });
  });

  it.each([
    ['another version', (text: string) => text.replace('@v1', '@v2')],
    ['no index', (text: string) => text.replace(/index 7\n/, '')],
    ['a leading zero', (text: string) => text.replace('index 7', 'index 07')],
    ['a negative index', (text: string) => text.replace('index 7', 'index -7')],
    ['a hash that is too short', (text: string) => text.replace('\n\n', '\nAAAA\n\n')],
    ['a hash spelt otherwise', (text: string) => text.replace('AQE=', 'AQF=')],
    [
      'more hashes than a tree can ask for',
      (text: string) => text.replace('\n\n', `\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(63)}\n`),
    ],
    ['no checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n'))],
  ])('are refused with %s', (_, alter) => {
    const text = formatProof({ index: 7n, hashes: [Buffer.alloc(32, 1)], checkpoint });
    expect(parseProof(text)).toBeDefined();
    expect(alter(text)).not.toBe(text);
    expect(parseProof(alter(text))).toBeUndefined();
  });
});
