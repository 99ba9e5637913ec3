import { DomainError } from '#kernel';

/** Longest consent string that is read, in characters. Strings in the field have tens to about two thousand. */
export const mostCharacters = 8_192;

/**
 * Runs a decoder over a bounded string of the characters such strings have, and turns whatever it throws into one refusal.
 * The refusal neither quotes the string nor keeps the decoder's error, which does: a consent string can be personal data
 * (CJEU C-604/22).
 */
export function decodeBounded<Signals>(
  text: string,
  what: string,
  pointer: string,
  decode: (text: string) => Signals,
): Signals {
  if (text.length > mostCharacters) {
    throw malformed(`is longer than ${mostCharacters} characters`, what, pointer);
  }
  if (!/^[\w.~-]+$/.test(text)) throw malformed('has characters that none has', what, pointer);
  try {
    return decode(text);
  } catch {
    throw malformed('cannot be decoded', what, pointer);
  }
}

function malformed(fault: string, what: string, pointer: string): DomainError {
  return new DomainError('invalid', 'signal.invalid', `The ${what} ${fault}.`, { pointer });
}
