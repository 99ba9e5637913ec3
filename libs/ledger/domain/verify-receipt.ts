import { createHash } from 'node:crypto';
import { canonicalJson } from '#kernel';
import { openCheckpoint, type Checkpoint } from './checkpoint.js';
import { commitment } from './entry.js';
import {
  bytesOf,
  objectOf,
  requireOnly,
  textOf,
  tryObject,
  Unverifiable,
  type Fields,
  type Pass,
} from './fields.js';
import { leafHash, verifyInclusion } from './merkle.js';
import type { Verifier } from './note.js';
import { formatProof, parseProof } from './proof.js';

/** A receipt holds when its document, its opening and its proof all lead to the same signed log. */
export function verifyReceipt(receipt: Fields, verifier: Verifier, pass: Pass): void {
  requireOnly(receipt, ['format', 'document', 'entry', 'opening', 'proof', 'verifierKey']);
  const bytes = bytesOf(receipt, 'entry');
  const entry = objectOf(tryObject(bytes.toString('utf8')), 'the ledger entry is not JSON');
  if (!canonicalJson(entry).equals(bytes)) throw new Unverifiable('the ledger entry is not canonical JSON');
  verifyDocument(receipt, entry, pass);
  verifyOpening(receipt, entry, pass);
  verifyPlace(receipt, bytes, entry, verifier, pass);
}

/** Throws Unverifiable unless the key signed the checkpoint. */
export function openSigned(note: string, verifier: Verifier, pass: Pass): Checkpoint {
  const checkpoint = openCheckpoint(note, verifier);
  if (checkpoint === undefined) throw new Unverifiable('the checkpoint is not signed by the key');
  pass('signature', `the log "${checkpoint.origin}" signed itself at ${checkpoint.size} entries`);
  return checkpoint;
}

function verifyDocument(receipt: Fields, entry: Fields, pass: Pass): void {
  const document = objectOf(receipt['document'], 'the receipt has no document');
  const { digest } = objectOf(entry['data'], 'the ledger entry has no data');
  if (
    entry['kind'] !== 'receipt.issued' ||
    digest !== createHash('sha256').update(canonicalJson(document)).digest('base64')
  ) {
    throw new Unverifiable('the document is not the one that the ledger entry names');
  }
  pass('document', 'its digest is the one in the ledger entry: not a letter of it was changed');
}

function verifyOpening(receipt: Fields, entry: Fields, pass: Pass): void {
  const opening = objectOf(receipt['opening'], 'the receipt has no opening');
  requireOnly(opening, ['salt', 'subjectRef']);
  if (commitment(bytesOf(opening, 'salt'), textOf(opening, 'subjectRef')) !== entry['subject']) {
    throw new Unverifiable('the opening does not fit the ledger entry');
  }
  pass('subject', 'the entry is about the person whose pseudonym this receipt opens');
}

function verifyPlace(receipt: Fields, bytes: Buffer, entry: Fields, verifier: Verifier, pass: Pass): void {
  const text = textOf(receipt, 'proof');
  const proof = parseProof(text);
  if (proof === undefined) throw new Unverifiable('the proof is not one');
  // A proof may carry extra data, but a receipt of ours never does, and no signature covers it.
  if (formatProof(proof) !== text) throw new Unverifiable('the proof holds what nobody signed');
  const { size, root } = openSigned(proof.checkpoint, verifier, pass);
  if (entry['n'] !== Number(proof.index) + 1)
    throw new Unverifiable('the entry stands at another place than its proof');
  if (!verifyInclusion(leafHash(bytes), proof.index, size, proof.hashes, root)) {
    throw new Unverifiable('the entry is not in the signed log');
  }
  pass('inclusion', `the entry is number ${entry['n']} of the ${size} that the log had when it was signed`);
}
