/**
 * The form in which an identifier's value is hashed, sealed and handed to stores: Unicode NFC, and for e-mail addresses
 * trimmed and in lower case with dots and plus signs kept. Other values are kept to the letter: "0", "" and " 1" are
 * three different people.
 */
export function normaliseValue(type: string, value: string): string {
  const composed = value.normalize('NFC');
  return type === 'email' ? composed.trim().toLowerCase() : composed;
}
