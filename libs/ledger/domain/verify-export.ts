import { requireOnly, textOf, tryObject, Unverifiable, type Fields, type Pass } from './fields.js';
import { leafHash, RootBuilder } from './merkle.js';
import type { Verifier } from './note.js';
import { openSigned } from './verify-receipt.js';

/** An export holds when its entries, all of them and in order, hash to the root that the log signed. */
export async function verifyExport(
  manifest: Fields,
  lines: AsyncIterable<string>,
  verifier: Verifier,
  pass: Pass,
): Promise<void> {
  const checkpoint = openSigned(textOf(manifest, 'checkpoint'), verifier, pass);
  const { builder, end } = await readEntries(lines);
  requireOnly(manifest, ['format', 'verifierKey', 'size', 'checkpoint']);
  requireOnly(end, ['end', 'count']);
  const count = Number(builder.size);
  if (end['count'] !== count || manifest['size'] !== count)
    throw new Unverifiable('the counts of the file do not agree');
  pass('completeness', `all ${count} entries are there, in order and without a gap`);
  if (builder.size !== checkpoint.size || !builder.root().equals(checkpoint.root)) {
    throw new Unverifiable('the entries are not those of the signed log');
  }
  pass('integrity', 'they hash to the signed root: none was changed, added or left out');
}

/** Every line but the last is an entry, to the byte. */
async function readEntries(
  lines: AsyncIterable<string>,
): Promise<{ readonly builder: RootBuilder; readonly end: Fields }> {
  const builder = new RootBuilder();
  let end: Fields | undefined;
  for await (const line of lines) {
    const parsed = tryObject(line);
    if (parsed === undefined || end !== undefined) {
      throw new Unverifiable(`after entry ${builder.size}: a line that is no entry`);
    }
    if (parsed['end'] === true) end = parsed;
    else if (parsed['n'] === Number(builder.size) + 1) builder.add(leafHash(Buffer.from(line, 'utf8')));
    else throw new Unverifiable(`after entry ${builder.size}: another entry than the next`);
  }
  if (end === undefined) throw new Unverifiable('the file was cut off: its last line is missing');
  return { builder, end };
}
