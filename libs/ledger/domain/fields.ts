/** Ends a verification: the sentence says why nothing further can be concluded. */
export class Unverifiable extends Error {
  override readonly name = 'Unverifiable';
}

/** An object of a file that nobody has vouched for yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** How a check that holds is told, in plain words. */
export type Pass = (name: string, detail: string) => void;

/**
 * Undefined when the text is not a JSON object, or names a member twice: readers differ in which of the two counts, so
 * a person could be shown another one than was verified.
 */
export function tryObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return namedMembers(text) === countMembers(value) ? objectOf(value, '') : undefined;
  } catch {
    return undefined;
  }
}

/** How many member names stand in a JSON text: strings before a colon, whatever other strings hold. */
function namedMembers(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g))
    if (colon !== undefined) count += 1;
  return count;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, member) => sum + countMembers(member), own);
}

/** Throws Unverifiable unless the members are these: no file of ours carries what nothing vouches for. */
export function requireOnly(fields: Fields, names: readonly string[]): void {
  if (Object.keys(fields).length !== names.length || !names.every((name) => Object.hasOwn(fields, name))) {
    throw new Unverifiable('the file lacks a member, or holds one that nobody signed');
  }
}

/** Throws Unverifiable with the sentence when the value is not an object. */
export function objectOf(value: unknown, otherwise: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unverifiable(otherwise);
  return Object.fromEntries(Object.entries(value));
}

export function textOf(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== 'string') throw new Unverifiable(`the file has no ${name}`);
  return value;
}

/** Base64 that has one spelling only. */
export function bytesOf(from: Fields, name: string): Buffer {
  const encoded = textOf(from, name);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) throw new Unverifiable(`the file's ${name} is not base64`);
  return bytes;
}
