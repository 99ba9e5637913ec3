import { DomainError } from '#kernel';

/** How a tenant names a person: the type (account_id, email, device_id, ...) and the value. Personal data: never logged. */
export interface Identifier {
  readonly type: string;
  readonly value: string;
}

const typePattern = /^[a-z][a-z0-9_]{0,62}$/;
const longest = 1_024;

/**
 * The form in which an identifier is hashed, sealed and handed to stores: Unicode NFC, and for e-mail addresses
 * trimmed and in lower case with dots and plus signs kept. Other values are kept to the letter: "0", "" and " 1" are
 * three different people. Throws DomainError invalid `identifier.invalid`, which never quotes the value.
 */
export function normaliseIdentifier(identifier: Identifier): Identifier {
  const { type } = identifier;
  if (!typePattern.test(type)) {
    throw new DomainError('invalid', 'identifier.invalid', 'an identifier type is a lower-case word', {
      pointer: '/subject/type',
    });
  }
  const value = identifier.value.normalize('NFC');
  if (Buffer.byteLength(value, 'utf8') > longest || value.includes('\0')) {
    throw new DomainError(
      'invalid',
      'identifier.invalid',
      `an identifier has at most ${longest} bytes and no NUL`,
      {
        pointer: '/subject/value',
      },
    );
  }
  return { type, value: type === 'email' ? value.trim().toLowerCase() : value };
}

/** One spelling for each person's identifier, to compare it with another. Personal data, as the identifier is. */
export function identifierKey(identifier: Identifier): string {
  const { type, value } = normaliseIdentifier(identifier);
  return `${type}:${value}`;
}
