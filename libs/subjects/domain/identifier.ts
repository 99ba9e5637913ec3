import { normaliseValue } from '#decisions';
import { DomainError } from '#kernel';

/** How a tenant names a person: the type (account_id, email, device_id, ...) and the value. Personal data: never logged. */
export interface Identifier {
  readonly type: string;
  readonly value: string;
}

const typePattern = /^[a-z][a-z0-9_]{0,62}$/;
const longest = 1_024;

/** An identifier in its normal form. Throws DomainError invalid `identifier.invalid`, which never quotes the value. */
export function normaliseIdentifier(identifier: Identifier): Identifier {
  const { type } = identifier;
  if (!typePattern.test(type)) {
    throw new DomainError('invalid', 'identifier.invalid', 'an identifier type is a lower-case word', {
      pointer: '/subject/type',
    });
  }
  const value = normaliseValue(type, identifier.value);
  const bytes = Buffer.byteLength(value, 'utf8');
  // What names nobody would name everybody whose key is empty.
  if (bytes === 0 || bytes > longest || value.includes('\0')) {
    throw new DomainError(
      'invalid',
      'identifier.invalid',
      `an identifier has 1 to ${longest} bytes and no NUL`,
      {
        pointer: '/subject/value',
      },
    );
  }
  return { type, value };
}

/** One spelling for each person's identifier, to compare it with another. Personal data, as the identifier is. */
export function identifierKey(identifier: Identifier): string {
  const { type, value } = normaliseIdentifier(identifier);
  return `${type}:${value}`;
}
