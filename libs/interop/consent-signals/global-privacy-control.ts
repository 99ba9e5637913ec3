/**
 * Whether the `Sec-GPC` header opts out: exactly `1` counts, and of several headers one is enough (Global Privacy Control
 * specification). Parsers join equal headers with commas.
 */
export function readGpc(header: string | readonly string[] | undefined): boolean {
  const values = typeof header === 'string' ? [header] : (header ?? []);
  return values.some((value) => value.split(',').some((part) => part.trim() === '1'));
}
