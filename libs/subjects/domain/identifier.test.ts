import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseIdentifier } from './identifier.js';

describe('normalising an identifier', () => {
  it.each([
    ['email', '  Ann.B+x@Example.ORG ', 'ann.b+x@example.org'],
    ['account_id', '0', '0'],
    ['account_id', ' 1', ' 1'],
    ['account_id', 'Ann', 'Ann'],
    ['account_id', 'é', 'é'],
  ])('%s %j becomes %j', (type, value, expected) => {
    expect(normaliseIdentifier({ type, value })).toEqual({ type, value: expected });
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.constantFrom('email', 'account_id'), fc.string({ maxLength: 100 }), (type, value) => {
        fc.pre(!value.includes('\0') && value.trim() !== '');
        const once = normaliseIdentifier({ type, value });
        expect(normaliseIdentifier(once)).toEqual(once);
      }),
    );
  });

  it.each([
    { type: 'Email', value: 'a' },
    { type: '', value: 'a' },
    { type: 'account_id', value: '' },
    { type: 'email', value: '  ' },
    { type: 'account_id', value: 'secret'.repeat(200) },
    { type: 'account_id', value: 'secret\0' },
  ])('refuses %# without quoting it', (identifier) => {
    expect(() => normaliseIdentifier(identifier)).toThrow(
      expect.objectContaining({ code: 'identifier.invalid' }),
    );
    expect(() => normaliseIdentifier(identifier)).not.toThrow(/secret/);
  });
});
