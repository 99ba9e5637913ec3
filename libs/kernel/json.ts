import canonicalize from 'canonicalize';

/** Anything JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/**
 * The one byte sequence of a JSON value (RFC 8785): UTF-8, sorted keys, shortest numbers. Absent and undefined members
 * are the same. Throws a TypeError on NaN and infinities.
 */
export function canonicalJson(value: Json | object): Buffer {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return Buffer.from(text, 'utf8');
}
