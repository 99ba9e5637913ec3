import { objectOf, tryObject, Unverifiable, type Fields } from './fields.js';
import { parseVerifierKey, type Verifier } from './note.js';
import { verifyExport } from './verify-export.js';
import { verifyReceipt } from './verify-receipt.js';

/** What was checked, in plain words. */
export interface VerificationCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface VerificationReport {
  readonly ok: boolean;
  readonly format: string;
  /** The origin of the log that the file speaks of; empty when it does not say. */
  readonly subject: string;
  readonly checks: readonly VerificationCheck[];
}

export const receiptFormat = 'lethe-receipt/v1';
export const exportFormat = 'lethe-export/v1';

const largestReceipt = 16 * 1_048_576;

/**
 * Checks a receipt or an export, given as text or line by line (see readLines), without asking anyone. Never throws for
 * what is wrong with the file: it says so.
 * `trustedKey` is the log's published verifier key; without it the file's own key is used and the report says so.
 */
export async function verifyFile(
  source: AsyncIterable<string> | string,
  trustedKey?: string,
): Promise<VerificationReport> {
  const report = { format: 'unknown', subject: '', checks: new Array<VerificationCheck>() };
  try {
    await verify(source, trustedKey, report);
  } catch (error) {
    const detail =
      error instanceof Unverifiable ? error.message : 'the file cannot be read as what it claims to be';
    report.checks.push({ name: 'verification', ok: false, detail });
  }
  return { ...report, ok: report.checks.length > 0 && report.checks.every(({ ok }) => ok) };
}

async function verify(
  source: AsyncIterable<string> | string,
  trustedKey: string | undefined,
  report: { format: string; subject: string; readonly checks: VerificationCheck[] },
): Promise<void> {
  const lines = linesOf(source)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Unverifiable('the file is empty');
  const rest: AsyncIterable<string> = { [Symbol.asyncIterator]: () => lines };
  const manifest = tryObject(first.value);
  const isExport = manifest?.['format'] === exportFormat;
  const document = objectOf(
    isExport ? manifest : await whole(first.value, rest),
    'this is not a file that Lethe issues',
  );
  if (!isExport && document['format'] !== receiptFormat)
    throw new Unverifiable('this is not a file that Lethe issues');
  report.format = isExport ? exportFormat : receiptFormat;
  const pass = (name: string, detail: string) => void report.checks.push({ name, ok: true, detail });
  const verifier = trust(document, trustedKey);
  report.subject = verifier.name;
  pass(
    'key',
    trustedKey === undefined
      ? 'taken from the file itself: compare it with the published one'
      : 'the one you trust',
  );
  if (isExport) await verifyExport(document, rest, verifier, pass);
  else verifyReceipt(document, verifier, pass);
}

function trust(document: Fields, trustedKey: string | undefined): Verifier {
  const named = document['verifierKey'];
  const verifier = parseVerifierKey(trustedKey ?? String(named));
  if (verifier === undefined) throw new Unverifiable('the verifier key is not one');
  if (trustedKey !== undefined && named !== trustedKey) {
    throw new Unverifiable('the file is of another log than the key you trust');
  }
  return verifier;
}

/**
 * The lines of a file as it comes off a disk or a network. Ends a line at LF or CR LF only (JSON text may hold other
 * separators, such as U+2028), and refuses what is not UTF-8, which a lenient reader would silently replace.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > largestReceipt) throw new Unverifiable('the file has a line that is too long');
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

async function* linesOf(source: AsyncIterable<string> | string): AsyncIterable<string> {
  if (typeof source === 'string') yield* source.replace(/\n$/, '').split('\n');
  else yield* source;
}

/** A receipt may be laid out over many lines; it is small. */
async function whole(first: string, rest: AsyncIterable<string>): Promise<Fields | undefined> {
  const parts = [first];
  let length = first.length;
  for await (const line of rest) {
    length += line.length;
    if (length > largestReceipt) throw new Unverifiable('the file is too large for a receipt');
    parts.push(line);
  }
  return tryObject(parts.join('\n'));
}
