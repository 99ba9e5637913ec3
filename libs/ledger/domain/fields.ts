/** Ends a verification: the sentence says why nothing further can be concluded. */
export class Unverifiable extends Error {
  override readonly name = 'Unverifiable';
}

/** An object of a file that nobody has vouched for yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** How a check that holds is told, in plain words. */
export type Pass = (name: string, detail: string) => void;

/** Undefined when the text is not a JSON object. */
export function tryObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return objectOf(value, '');
  } catch {
    return undefined;
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
