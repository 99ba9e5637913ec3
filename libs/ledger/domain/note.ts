import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** C2SP signed-note: a text that ends in a newline, an empty line, and signature lines. Ed25519 only. */
export interface Verifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || 0x0A || 0x01 || public key). */
  readonly keyId: Buffer;
  readonly publicKey: Buffer;
}

const ed25519 = 1;
const keyBytes = 32;
const signatureBytes = 64;
/** What we accept to look at; the specification leaves the bounds to the verifier. */
const longestNote = 1_048_576;
const mostSignatures = 100;
/** A note holds no ASCII control character but the newline. */
const controls = /[\u0000-\u0009\u000b-\u001f]/;
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export function verifierOf(name: string, publicKey: Buffer): Verifier {
  return { name, keyId: keyIdOf(name, publicKey), publicKey };
}

/** `name+hex8(key id)+base64(0x01 || public key)`. */
export function formatVerifierKey({ name, keyId, publicKey }: Verifier): string {
  return `${name}+${keyId.toString('hex')}+${Buffer.concat([Buffer.of(ed25519), publicKey]).toString('base64')}`;
}

/** Undefined when the text is no verifier key of a kind we know, or its key id is not its own. */
export function parseVerifierKey(text: string): Verifier | undefined {
  const [, name, encoded] = /^([^+\s]+)\+[0-9a-f]{8}\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const key = Buffer.from(encoded, 'base64');
  if (key.length !== keyBytes + 1 || key[0] !== ed25519) return undefined;
  const verifier = verifierOf(name, key.subarray(1));
  // One text for one key: the id must be its own, and the base64 the one spelling.
  return formatVerifierKey(verifier) === text ? verifier : undefined;
}

/** The raw 32 bytes of the public part of an Ed25519 key. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length);
}

/** Signs a text that ends in a newline. */
export function signNote(text: string, name: string, privateKey: KeyObject): string {
  if (!text.endsWith('\n')) throw new TypeError('a note ends in a newline');
  const signature = sign(null, Buffer.from(text, 'utf8'), privateKey);
  const blob = Buffer.concat([keyIdOf(name, rawPublicKey(privateKey)), signature]);
  return `${text}\n— ${name} ${blob.toString('base64')}\n`;
}

/**
 * The text of a note that a known key signed; undefined when none did. Signatures of unknown keys are ignored, one
 * failing signature of a known key refuses the note.
 */
export function openNote(note: string, known: readonly Verifier[]): string | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n') || note.length > longestNote || controls.test(note)) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) return undefined;
  const verdicts = lines.map((line) => judge(line, text, known));
  return verdicts.includes('false') || !verdicts.includes('true') ? undefined : text;
}

/** A malformed line and a failing signature of a known key are false; an unknown key says nothing. */
function judge(line: string, text: string, known: readonly Verifier[]): 'true' | 'false' | 'unknown' {
  const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined) return 'false';
  const blob = Buffer.from(encoded, 'base64');
  // One text for one signature: what does not encode back was altered.
  if (blob.toString('base64') !== encoded) return 'false';
  const verifier = known.find((one) => one.name === name && one.keyId.equals(blob.subarray(0, 4)));
  if (verifier === undefined) return 'unknown';
  return signed(text, blob.subarray(4), verifier) ? 'true' : 'false';
}

function signed(text: string, signature: Buffer, { publicKey }: Verifier): boolean {
  if (signature.length !== signatureBytes) return false;
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text, 'utf8'), key, signature);
}

function keyIdOf(name: string, publicKey: Buffer): Buffer {
  const hash = createHash('sha256').update(`${name}\n`, 'utf8').update(Buffer.of(ed25519)).update(publicKey);
  return hash.digest().subarray(0, 4);
}
